/* folder.c -- loads images that lie in one folder for each class:
 * dir/class/image.
 *
 * Classes are numbered in the order of their folders' names, sorted by
 * bytes.  All files are listed before any is read, so that the dataset can
 * be allocated at its full size. */
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

/* Loads the images of class k, the files in the folder dir/name, as the
 * samples from *s on, and moves *s past them. */
static int load_class(gradus_loaded *l, const char *dir, int k,
                      const list *files, size_t *s)
{
    char folder[GRADUS_PATH_ROOM], path[GRADUS_PATH_ROOM];
    const gradus_dataset *d = &l->d;

    if (gradus_path_join(folder, dir, d->class_names[k]))
        return -1;
    for (int i = 0; i < files->n; i++, ++*s) {
        if (gradus_path_join(path, folder, files->entry[i]->d_name) ||
            gradus_load_image(path, d->channels, d->height, d->width,
                              l->pixels + *s * (size_t)d->size))
            return -1;
        l->labels[*s] = k;
    }
    return 0;
}

/* Lists the files of every class, and loads them into a dataset like the
 * given one, of as many samples.  files and names [classes->n] are empty, and
 * the caller frees them. */
static gradus_dataset *load_files(const char *dir, const list *classes,
                                  list *files, const char **names,
                                  gradus_dataset like)
{
    char path[GRADUS_PATH_ROOM];
    size_t s = 0;

    for (int k = 0; k < classes->n; k++) {
        names[k] = classes->entry[k]->d_name;
        if (gradus_path_join(path, dir, names[k]) ||
            list_read(&files[k], path, "class folder of at least 1 image"))
            return NULL;
        like.n += (size_t)files[k].n;
    }
    like.classes = classes->n;
    like.class_names = names;
    gradus_loaded *l = gradus_loaded_new(dir, &like, false, false);
    if (!l)
        return NULL;
    for (int k = 0; k < classes->n; k++)
        if (load_class(l, dir, k, &files[k], &s))
            return gradus_dataset_free(&l->d), NULL;
    return &l->d;
}

static gradus_dataset *load(const char *dir, const list *classes,
                            gradus_dataset like)
{
    size_t n = (size_t)classes->n;
    list *files = calloc(n, sizeof *files);
    const char **names = calloc(n, sizeof *names);
    gradus_dataset *d = NULL;

    if (files && names)
        d = load_files(dir, classes, files, names, like);
    else
        gradus_no_memory("the names of the files in %s", dir);
    if (files)
        for (size_t k = 0; k < n; k++)
            list_free(&files[k]);
    free(files);
    free(names);
    return d;
}

gradus_dataset *gradus_load_image_folder(const char *dir, int channels,
                                         int height, int width)
{
    int size = gradus_image_size(channels, height, width);
    gradus_dataset like = { .size = size, .channels = channels,
                            .height = height, .width = width, .positions = 1 };
    gradus_dataset *d = NULL;
    list classes = { 0 };

    if (size < 0)
        return NULL;
    if (!dir)
        return gradus_error_set("gradus_load_image_folder: dir is NULL"), NULL;
    if (list_read(&classes, dir, "folder of at least 1 class folder") == 0)
        d = load(dir, &classes, like);
    list_free(&classes);
    return d;
}
