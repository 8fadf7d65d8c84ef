/* folder.c -- loads images that lie in one folder for each class:
 * dir/class/image.
 *
 * Classes are numbered in the order of their folders' names, sorted by
 * bytes, or in that of the names in the options.  All files are listed before
 * any is read, so that the dataset can be allocated at its full size. */
#define _POSIX_C_SOURCE 200809L
#include "data/data.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* All that is in a folder except hidden files.  It is sorted by the bytes of
 * the names, so that samples are in the same order on every file system. */
typedef struct {
    struct dirent **entry; /* [n], each a block of its own; owned */
    int n;
} list;

static void list_free(list *l)
{
    for (int i = 0; i < l->n; i++)
        free(l->entry[i]);
    free(l->entry);
}

/* For scandir: is this to be listed? */
static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* For scandir: compares two names by their bytes. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Fills an empty list.  A folder that cannot be listed or is empty is an
 * error, whose message says what it must be. */
static int list_read(list *l, const char *path, const char *must)
{
    l->n = scandir(path, &l->entry, is_visible, by_bytes);
    if (l->n > 0)
        return 0;
    return gradus_error_set("%s: %s; must be a %s", path,
                            l->n < 0 ? strerror(errno) : "empty", must);
}

/* The folder of a class. */
typedef struct {
    list files;
    int32_t label;
} class_folder;

/* Loads the images of a class, the files in the folder dir/name, as the
 * samples from *s on, and moves *s past them. */
static int load_class(gradus_loaded *l, const char *dir, const char *name,
                      const class_folder *c, size_t *s)
{
    char folder[GRADUS_PATH_ROOM], path[GRADUS_PATH_ROOM];
    const gradus_dataset *d = &l->d;

    if (gradus_path_join(folder, dir, name))
        return -1;
    for (int i = 0; i < c->files.n; i++, ++*s) {
        if (gradus_path_join(path, folder, c->files.entry[i]->d_name) ||
            gradus_load_image(path, d->channels, d->height, d->width,
                              l->pixels + *s * (size_t)d->size))
            return -1;
        l->labels[*s] = c->label;
    }
    return 0;
}

/* Lists the files of every class, and loads them into a dataset like the
 * given one, of as many samples.  Where it has class names, they are also
 * given sorted, and every folder must have one of them.  folder and name
 * [folders->n] are empty, and the caller frees them. */
static gradus_dataset *load_files(const char *dir, const list *folders,
                                  class_folder *folder, const char **name,
                                  const gradus_class *sorted,
                                  gradus_dataset like)
{
    char path[GRADUS_PATH_ROOM];
    size_t s = 0;

    for (int k = 0; k < folders->n; k++) {
        name[k] = folders->entry[k]->d_name;
        folder[k].label =
            sorted ? gradus_class_find(sorted, like.classes, name[k]) : k;
        if (folder[k].label < 0)
            return gradus_error_set("%s/%s: must be one of the class names",
                                    dir, name[k]), NULL;
        if (gradus_path_join(path, dir, name[k]) ||
            list_read(&folder[k].files, path,
                      "class folder of at least 1 image"))
            return NULL;
        like.n += (size_t)folder[k].files.n;
    }
    if (!sorted) {
        like.classes = folders->n;
        like.class_names = name;
    }
    gradus_loaded *l = gradus_loaded_new(dir, &like, false, false);
    if (!l)
        return NULL;
    for (int k = 0; k < folders->n; k++)
        if (load_class(l, dir, name[k], &folder[k], &s))
            return gradus_dataset_free(&l->d), NULL;
    return &l->d;
}

static gradus_dataset *load(const char *dir, const list *folders,
                            const gradus_class *sorted, gradus_dataset like)
{
    size_t n = (size_t)folders->n;
    class_folder *folder = calloc(n, sizeof *folder);
    const char **name = calloc(n, sizeof *name);
    gradus_dataset *d = NULL;

    if (folder && name)
        d = load_files(dir, folders, folder, name, sorted, like);
    else
        gradus_no_memory("the names of the files in %s", dir);
    if (folder)
        for (size_t k = 0; k < n; k++)
            list_free(&folder[k].files);
    free(folder);
    free(name);
    return d;
}

gradus_dataset *
gradus_load_image_folder(const char *dir, int channels, int height, int width,
                         const gradus_image_folder_options *options)
{
    const char *who = "gradus_load_image_folder";
    int size = gradus_image_size(channels, height, width);
    gradus_image_folder_options o = { 0 };
    gradus_class *sorted = NULL;
    gradus_dataset *d = NULL;
    list folders = { 0 };

    if (options)
        o = *options;
    if (size < 0 || gradus_class_names_check(who, o.class_names, o.classes))
        return NULL;
    if (!dir)
        return gradus_error_set("%s: dir is NULL", who), NULL;
    if (o.classes > 0 &&
        !(sorted = gradus_classes_sort(who, o.class_names, o.classes)))
        return NULL;
    gradus_dataset like = { .size = size, .channels = channels,
                            .height = height, .width = width, .positions = 1,
                            .classes = o.classes,
                            .class_names = o.class_names };
    if (list_read(&folders, dir, "folder of at least 1 class folder") == 0)
        d = load(dir, &folders, sorted, like);
    list_free(&folders);
    free(sorted);
    return d;
}
