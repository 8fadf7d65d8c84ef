/* folder.c -- images in one folder a class: dir/class/image. */
#define _POSIX_C_SOURCE 200809L
#include "data/data.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Names in byte order: the same order of samples on every file system. */
typedef struct {
    char **name;
    size_t n, room;
} list;

static void list_free(list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->name[i]);
    free(l->name);
}

/* 0 or ENOMEM. */
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

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is in a folder, without hidden files. */
static int list_read(list *l, const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return gradus_error_set("%s: %s", path, strerror(errno));
    int error = 0;
    while (!error) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry)
            break;
        if (entry->d_name[0] != '.')
            error = list_add(l, entry->d_name);
    }
    if (!error)
        error = errno;
    closedir(dir);
    if (error)
        return gradus_error_set("%s: %s", path, strerror(error));
    if (l->n > 1)
        qsort(l->name, l->n, sizeof *l->name, by_bytes);
    return 0;
}

/* The files of one class; *n counts those of all. */
static int scan_class(const char *dir, const char *class, list *files,
                      size_t *n)
{
    char path[GRADUS_PATH_ROOM];
    struct stat st;
    if (gradus_path_join(path, dir, class))
        return -1;
    if (stat(path, &st))
        return gradus_error_set("%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return gradus_error_set("%s: a file beside the class folders; images "
                                "belong into the folder of their class",
                                path);
    if (list_read(files, path))
        return -1;
    if (files->n == 0)
        return gradus_error_set("%s: no image in this class folder", path);
    *n += files->n;
    return 0;
}

/* The images of one class, in the folder dir, into samples from.. . */
static int load_class(gradus_loaded *l, const char *dir, const list *files,
                      size_t from)
{
    char path[GRADUS_PATH_ROOM];
    gradus_dataset *d = &l->d;
    for (size_t i = 0; i < files->n; i++)
        if (gradus_path_join(path, dir, files->name[i]) ||
            gradus_load_image(path, d->channels, d->height, d->width,
                              l->pixels + (from + i) * (size_t)d->size))
            return -1;
    return 0;
}

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

static gradus_dataset *load(const char *dir, const list *classes, list *files,
                            int channels, int height, int width)
{
    size_t n = 0;
    for (size_t k = 0; k < classes->n; k++)
        if (scan_class(dir, classes->name[k], &files[k], &n))
            return NULL;
    gradus_parts parts = {
        .n = n, .size = channels * height * width, .positions = 1,
        .classes = (int)classes->n,
        .class_names = (const char *const *)classes->name,
    };
    gradus_loaded *l = gradus_loaded_new(dir, &parts);
    if (!l)
        return NULL;
    l->d.channels = channels;
    l->d.height = height;
    l->d.width = width;
    if (load_classes(l, dir, classes, files)) {
        gradus_dataset_free(&l->d);
        return NULL;
    }
    return &l->d;
}

gradus_dataset *gradus_load_image_folder(const char *dir, int channels,
                                         int height, int width)
{
    list classes = {0}, *files = NULL;
    gradus_dataset *d = NULL;
    if (!dir) {
        gradus_error_set("gradus_load_image_folder: dir is NULL");
        return NULL;
    }
    if (gradus_image_size(channels, height, width) < 0)
        return NULL;
    if (list_read(&classes, dir) == 0) {
        if (classes.n == 0)
            gradus_error_set("%s: no class folder in it", dir);
        else if (!(files = calloc(classes.n, sizeof *files)))
            gradus_error_set("%s: out of memory", dir);
        else
            d = load(dir, &classes, files, channels, height, width);
    }
    for (size_t k = 0; files && k < classes.n; k++)
        list_free(&files[k]);
    free(files);
    list_free(&classes);
    return d;
}
