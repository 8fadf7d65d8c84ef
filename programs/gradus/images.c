/* images.c -- the files of images that a path leads to. */
#define _DEFAULT_SOURCE
#include "images.h"

#include "common.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int append(paths *p, const char *path)
{
    char **longer = realloc(p->path, (p->n + 1) * sizeof *longer);

    if (longer) {
        p->path = longer;
        p->path[p->n] = strdup(path);
    }
    if (!longer || !p->path[p->n]) {
        complain("out of memory");
        return -1;
    }
    p->n++;
    return 0;
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Appends what the entry of a folder leads to. */
static int list_entry(paths *p, const char *folder, const char *name)
{
    char path[4096];

    if (snprintf(path, sizeof path, "%s/%s", folder, name) <
        (int)sizeof path)
        return list_images(p, path);
    complain("%.200s..: the path is too long", folder);
    return -1;
}

static int list_folder(paths *p, const char *folder)
{
    struct dirent **entry = NULL;
    int n = scandir(folder, &entry, is_visible, by_bytes), failed = n < 0;

    if (n <= 0)
        complain("%s: %s; must be a folder of images", folder,
                 n < 0 ? strerror(errno) : "empty");
    for (int i = 0; i < n; i++) {
        failed = failed || list_entry(p, folder, entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
    return failed || n <= 0 ? -1 : 0;
}

int list_images(paths *p, const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode) ? list_folder(p, path)
                                                   : append(p, path);
}

void free_paths(paths *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->path[i]);
    free(p->path);
}
