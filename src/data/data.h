/* data.h -- what the loaders share. */
#ifndef GRADUS_DATA_H
#define GRADUS_DATA_H

#include "gradus.h"

#include <stdbool.h>
#include <zlib.h>

/* ----- source.c: a regular file, plain or gzip, read to its very end ----- */

enum {
    GRADUS_PATH_ROOM = 4096,    /* bytes of a path, with the final NUL */
    GRADUS_DEFLATE_RATIO = 1032 /* the most bytes that one byte of deflate can
                                   stand for: 258 for 2 bits (RFC 1951) */
};

/* path = dir/name: 0, or non-zero, with a message, if that is too long. */
int gradus_path_join(char path[GRADUS_PATH_ROOM], const char *dir,
                     const char *name);

typedef struct {
    const char *path; /* borrowed, for messages                              */
    int fd;
    uint64_t size;  /* bytes on disk                                         */
    uint64_t limit; /* the most bytes that can be read from it               */
    int gzip;       /* by its content, not its name                          */
    int between;    /* gzip: at the start of a member, or at the end         */
    z_stream z;
    unsigned char in[1 << 14];
} gradus_source;

/* 0, or non-zero with a message and nothing to close. */
int gradus_source_open(gradus_source *s, const char *path);
/* Exactly n bytes; fewer is an error, "cut short". */
int gradus_source_read(gradus_source *s, void *to, size_t n);
/* Up to n bytes, *done of them; fewer only at the end. */
int gradus_source_some(gradus_source *s, void *to, size_t n, size_t *done);
/* Everything that is left, *n bytes and a NUL behind them, for the caller to
 * free; NULL on error, as when there are more than `most` bytes. */
char *gradus_source_all(gradus_source *s, size_t most, size_t *n);
/* That there is no more; for gzip also that its checksum is right. */
int gradus_source_end(gradus_source *s);
void gradus_source_close(gradus_source *s);

/* ----- dataset.c: a dataset and all its arrays in one block -------------- */

/* What a dataset is to hold; n and size are at least 1. */
typedef struct {
    size_t n;
    int size;
    int real;        /* non-zero: x; zero: pixels                            */
    int positions;   /* labels a sample, or 0: no labels                     */
    int target_size; /* values a target, or 0: no targets                    */
    int weights;     /* non-zero: a weight a sample                          */
    int classes;
    const char *const *class_names; /* [classes], to be copied, or NULL      */
} gradus_parts;

typedef struct {
    gradus_dataset d;      /* its pointers are those below                   */
    gradus_real *x;        /* [n,size], or NULL                              */
    gradus_real *targets;  /* [n,target_size], or NULL                       */
    gradus_real *weights;  /* [n], or NULL                                   */
    int32_t *labels;       /* [n,positions], or NULL                         */
    uint8_t *pixels;       /* [n,size], or NULL                              */
} gradus_loaded;

/* The arrays are for the caller to fill; the class names are there.  who, a
 * path, is for the message.  NULL on error. */
gradus_loaded *gradus_loaded_new(const char *who, const gradus_parts *p);

/* ----- images ------------------------------------------------------------ */

enum {
    GRADUS_IMAGE_SIDE = 1 << 14,    /* longest side, read or made            */
    GRADUS_IMAGE_AREA = 1 << 25,    /* most pixels read from one file        */
    GRADUS_IMAGE_MEMORY = 5 << 25,  /* most bytes of one block of stb_image  */
    GRADUS_IMAGE_FILE = 1 << 27     /* most bytes of one file                */
};

/* channels 1 or 3, height and width possible: values an image, or -1. */
int gradus_image_size(int channels, int height, int width);

/* png.c, jpeg.c: what is wrong with the n bytes of a file that begins as such
 * a file does, as far as stb_image would not see it; NULL if nothing is. */
const char *gradus_png_fault(const uint8_t *p, size_t n);
const char *gradus_jpeg_fault(const uint8_t *p, size_t n);

/* stb.c: NULL or non-zero on error, *why then says which. */
uint8_t *gradus_stb_decode(const uint8_t *file, size_t n, int channels,
                           int *height, int *width, const char **why);
void gradus_stb_free(uint8_t *pixels);
int gradus_stb_resize(const uint8_t *from, int from_height, int from_width,
                      uint8_t *to, int height, int width, int channels);

#endif
