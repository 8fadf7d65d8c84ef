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
    const char *path; /* borrowed, for messages */
    int fd;
    uint64_t size;    /* bytes on disk */
    uint64_t limit;   /* the most bytes that can be read from it */
    bool gzip;        /* by its content, not its name */
    bool between;     /* gzip: at the start of a member, or at the end */
    z_stream z;
    unsigned char in[1 << 14];
} gradus_source;

/* 0, or non-zero with a message and nothing to close. */
int gradus_source_open(gradus_source *s, const char *path);
void gradus_source_close(gradus_source *s);
/* Reads exactly n bytes; fewer is an error, "cut short". */
int gradus_source_read(gradus_source *s, void *to, size_t n);
/* Reads *done bytes: n of them, or fewer at the end. */
int gradus_source_some(gradus_source *s, void *to, size_t n, size_t *done);
/* Reads everything that is left, *n bytes, into a block with a NUL behind it,
 * which the caller frees; NULL on error, as when it is more than `most`. */
char *gradus_source_all(gradus_source *s, size_t most, size_t *n);
/* Checks that nothing is left, and that the checksum of a gzip file is right.
 */
int gradus_source_end(gradus_source *s);

/* ----- dataset.c: a dataset and all its arrays in one block -------------- */

/* What a dataset is to hold; n and size are at least 1. */
typedef struct {
    size_t n;        /* samples */
    int size;        /* values a sample */
    bool real;       /* the values are in x, not in pixels */
    int positions;   /* labels a sample; 0: there are no labels */
    int target_size; /* values a target; 0: there are no targets */
    bool weights;    /* each sample has a weight */
    int classes;
    const char *const *class_names; /* [classes], to be copied, or NULL */
} gradus_parts;

/* A dataset and its arrays, to be filled: d points to the same ones. */
typedef struct {
    gradus_dataset d;
    gradus_real *x;       /* [n,size], or NULL */
    gradus_real *targets; /* [n,target_size], or NULL */
    gradus_real *weights; /* [n], or NULL */
    int32_t *labels;      /* [n,positions], or NULL */
    uint8_t *pixels;      /* [n,size], or NULL */
} gradus_loaded;

/* A dataset whose class names are set and whose arrays the caller fills.  Its
 * maker `who`, a path or a function, is for the message.  NULL on error. */
gradus_loaded *gradus_loaded_new(const char *who, const gradus_parts *p);

/* ----- images ------------------------------------------------------------ */

enum {
    GRADUS_IMAGE_SIDE = 1 << 14,   /* the longest side, read or made */
    GRADUS_IMAGE_AREA = 1 << 25,   /* the most pixels read from one file */
    GRADUS_IMAGE_MEMORY = 5 << 25, /* the most bytes that stb_image may ask
                                      for at once: 4 values a pixel of the
                                      largest area, and a fifth to spare */
    GRADUS_IMAGE_FILE = 1 << 27    /* the most bytes of one file */
};

/* The number of values of an image, if channels is 1 or 3 and the sides are
 * possible, or -1 with a message. */
int gradus_image_size(int channels, int height, int width);

/* png.c, jpeg.c: what is wrong with a file p of n bytes that begins like a PNG
 * or JPEG file, as far as stb_image would not notice; NULL if nothing is. */
const char *gradus_png_fault(const uint8_t *p, size_t n);
const char *gradus_jpeg_fault(const uint8_t *p, size_t n);

/* stb.c: the pixels [height,width,channels] that the file shows, to be freed
 * with gradus_stb_free; NULL on error, and *why then says which. */
uint8_t *gradus_stb_decode(const uint8_t *file, size_t n, int channels,
                           int *height, int *width, const char **why);
void gradus_stb_free(uint8_t *pixels);
/* Pixels [from_height,from_width,channels] made [height,width,channels]; 0, or
 * non-zero if memory ran out. */
int gradus_stb_resize(const uint8_t *from, int from_height, int from_width,
                      uint8_t *to, int height, int width, int channels);

#endif
