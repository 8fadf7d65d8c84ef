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
#include <sys/stat.h>

/* Names of files, which the list owns.  They are sorted by their bytes
 * (list_read), so that samples are in the same order on every file system. */
typedef struct {
    char **name;    /* [n], each a block of its own */
    size_t n, room; /* names in the list, and names that it has room for */
} list;

static void list_free(list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->name[i]);
    free(l->name);
}

/* Appends a copy of a name.  Returns 0 or ENOMEM. */
static int list_add(list *l, const char *name)
{
    if (l->n == l->room) {
        size_t room = l->room ? 2 * l->room : 16;
        char **more = realloc(l->name, room * sizeof *more);
        if (!more)
            return ENOMEM;
        l->name = more;
        l->room = room;
    }
    l->name[l->n] = strdup(name);
    if (!l->name[l->n])
        return ENOMEM;
    l->n++;
    return 0;
}

/* Compares two names by their bytes, for qsort. */
static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends the names of all that is in a folder but hidden files.  Returns 0
 * or an errno. */
static int list_add_all(list *l, DIR *dir)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry)
            return errno;
        if (entry->d_name[0] != '.' && list_add(l, entry->d_name))
            return ENOMEM;
    }
}

/* Fills an empty list with the names in a folder, and sorts them. */
static int list_read(list *l, const char *path)
{
    DIR *dir = opendir(path);

    if (!dir)
        return gradus_error_set("%s: %s", path, strerror(errno));
    int error = list_add_all(l, dir);
    closedir(dir);
    if (error == ENOMEM)
        return gradus_no_memory("the names of the files in %s", path);
    if (error)
        return gradus_error_set("%s: %s", path, strerror(error));
    if (l->n > 1)
        qsort(l->name, l->n, sizeof *l->name, by_bytes);
    return 0;
}

/* Lists the files of one class.  A file where the folder of a class is
 * expected, and a folder without images, are errors. */
static int scan_class(const char *dir, const char *class, list *files)
{
    char path[GRADUS_PATH_ROOM];
    struct stat st;

    if (gradus_path_join(path, dir, class))
        return -1;
    if (stat(path, &st))
        return gradus_error_set("%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return gradus_error_set("%s: is a file beside the class folders; must "
                                "be in the folder of its class", path);
    if (list_read(files, path))
        return -1;
    if (files->n == 0)
        return gradus_error_set("%s: no image in this class folder; must hold "
                                "at least 1", path);
    return 0;
}

/* Loads the images of one class, the files in the folder dir, as the
 * samples from `from` on. */
static int load_class(gradus_loaded *l, const char *dir, const list *files,
                      size_t from)
{
    char path[GRADUS_PATH_ROOM];
    const gradus_dataset *d = &l->d;

    for (size_t i = 0; i < files->n; i++)
        if (gradus_path_join(path, dir, files->name[i]) ||
            gradus_load_image(path, d->channels, d->height, d->width,
                              l->pixels + (from + i) * (size_t)d->size))
            return -1;
    return 0;
}

/* Loads all images; files [classes->n] has a list for each class.  Class k
 * is the k-th folder, and k the label of its images. */
static int load_classes(gradus_loaded *l, const char *dir,
                        const list *classes, const list *files)
{
    char path[GRADUS_PATH_ROOM];
    size_t from = 0;

    for (size_t k = 0; k < classes->n; k++) {
        if (gradus_path_join(path, dir, classes->name[k]) ||
            load_class(l, path, &files[k], from))
            return -1;
        for (size_t i = 0; i < files[k].n; i++)
            l->labels[from++] = (int32_t)k;
    }
    return 0;
}

/* Lists the files of all classes to files [classes->n], which the caller
 * frees, and loads them into a dataset of that many samples. */
static gradus_dataset *load_files(const char *dir, const list *classes,
                                  list *files, int channels, int height,
                                  int width)
{
    size_t n = 0;

    for (size_t k = 0; k < classes->n; k++) {
        if (scan_class(dir, classes->name[k], &files[k]))
            return NULL;
        n += files[k].n;
    }
    gradus_dataset like = {
        .n = n, .size = channels * height * width, .positions = 1,
        .channels = channels, .height = height, .width = width,
        .classes = (int)classes->n,
        .class_names = (const char *const *)classes->name,
    };
    gradus_loaded *l = gradus_loaded_new(dir, &like, false, false);
    if (!l)
        return NULL;
    if (load_classes(l, dir, classes, files)) {
        gradus_dataset_free(&l->d);
        return NULL;
    }
    return &l->d;
}

/* Loads the images of the given classes, and frees the lists of their
 * files. */
static gradus_dataset *load(const char *dir, const list *classes, int channels,
                            int height, int width)
{
    if (classes->n == 0) {
        gradus_error_set("%s: no class folder in it; must hold at least 1",
                         dir);
        return NULL;
    }
    list *files = calloc(classes->n, sizeof *files);
    if (!files) {
        gradus_no_memory("the names of the files in %s", dir);
        return NULL;
    }
    gradus_dataset *d =
        load_files(dir, classes, files, channels, height, width);
    for (size_t k = 0; k < classes->n; k++)
        list_free(&files[k]);
    free(files);
    return d;
}

gradus_dataset *gradus_load_image_folder(const char *dir, int channels,
                                         int height, int width)
{
    list classes = { 0 };
    gradus_dataset *d = NULL;

    if (!dir) {
        gradus_error_set("gradus_load_image_folder: dir is NULL");
        return NULL;
    }
    if (gradus_image_size(channels, height, width) < 0)
        return NULL;
    if (list_read(&classes, dir) == 0)
        d = load(dir, &classes, channels, height, width);
    list_free(&classes);
    return d;
}
