/* images.h -- the files of images that a path leads to. */
#ifndef IMAGES_H
#define IMAGES_H

#include <stddef.h>

/* Paths, owned. */
typedef struct {
    char **path; /* [n] */
    size_t n;
} paths;

/* Appends the path itself or, of a folder, all files in it and in its folders,
 * but for hidden ones: in the order of the bytes of their names, which is that
 * of gradus_load_image_folder.  Returns 0, or -1 with a message on stderr.
 * free_paths frees them in any case. */
int list_images(paths *p, const char *path);
void free_paths(paths *p);

#endif
