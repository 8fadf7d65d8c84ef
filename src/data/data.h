/* data.h -- what the loaders share: reading files, the memory of a dataset,
 * and decoding images. */
#ifndef GRADUS_DATA_H
#define GRADUS_DATA_H

#include "gradus.h"

#include <zlib.h>

/* ----- source.c: a regular file, plain or gzip, read to its very end ----- */

enum {
    GRADUS_PATH_ROOM = 4096,     /* bytes of a path, with the final NUL */
    GRADUS_DEFLATE_RATIO = 1032, /* the most bytes that one byte of deflate can
                                    stand for: 258 for 2 bits (RFC 1951) */
    GRADUS_GZIP_RATIO = 100,     /* the most that one byte of a gzip file may
                                    stand for, unless the caller says so; data
                                    in tables mostly stays below 20 */
    GRADUS_GZIP_LEAST = 1 << 24  /* what any gzip file may unpack to */
};

/* Sets path to dir/name.  Returns 0, or non-zero with a message if that is
 * too long. */
int gradus_path_join(char path[GRADUS_PATH_ROOM], const char *dir,
                     const char *name);

/* An open file.  Between calls, a gzip file's bytes that have been read from
 * disk but not unpacked yet are z.next_in[0..z.avail_in-1], a part of in. */
typedef struct {
    const char *path; /* borrowed from the caller, for messages */
    int fd;           /* the open file, owned */
    uint64_t size;    /* bytes on disk */
    bool gzip;        /* the content, not the name, is that of a gzip file */
    bool ended;       /* gzip: a whole member has been read */
    z_stream z;       /* gzip: the state of zlib's decompression */
    unsigned char in[1 << 14]; /* gzip: compressed bytes, as read from disk */
} gradus_source;

/* Opens a file for reading, which must not be empty.  Returns 0, or non-zero
 * with a message, and then there is nothing to close. */
int gradus_source_open(gradus_source *s, const char *path);
void gradus_source_close(gradus_source *s);
/* Reads exactly n bytes.  It is an error ("cut short") if fewer are left. */
int gradus_source_read(gradus_source *s, void *to, size_t n);
/* Checks that nothing is left, and that the checksum of a gzip file is right.
 */
int gradus_source_end(gradus_source *s);

/* Returns how many bytes the file may hold: its size or, if it is a gzip
 * file, the most that it may unpack to. */
size_t gradus_source_most(const gradus_source *s);

/* Reads a whole file, and sets *n to its length in bytes.  A gzip file is
 * unpacked; without the name of an option that sets `most`, it is refused.
 * Returns a block with a NUL after the last byte, which the caller frees;
 * NULL on error, which includes more than `most` bytes (0: as many as the
 * file may hold). */
void *gradus_source_contents(const char *path, size_t most,
                             const char *option, size_t *n);

/* ----- dataset.c: a dataset and all its arrays in one block -------------- */

/* A dataset together with its arrays.  The arrays here are those that d
 * points to, but may be written, so a loader fills them.  The struct and
 * the arrays lie in one block, which d.owned points to:
 * gradus_dataset_free(&d) frees all. */
typedef struct {
    gradus_dataset d;
    gradus_real *x;       /* [n,size], or NULL */
    uint8_t *pixels;      /* [n,size], or NULL */
    int32_t *labels;      /* [n,positions], or NULL */
    gradus_real *targets; /* [n,target_size], or NULL */
    gradus_real *weights; /* [n], or NULL */
} gradus_loaded;

/* Allocates a dataset of the sizes of `like`, whose n and size are at least
 * 1, copies its class names, and leaves the arrays for the caller to fill:
 * x if the values are `real`, else pixels; labels if there are positions;
 * targets if there is a target_size; and weights if they are asked for.
 * The message on error begins with `who`, the path or the function that
 * asks.  Returns NULL on error. */
gradus_loaded *gradus_loaded_new(const char *who, const gradus_dataset *like,
                                 bool real, bool weights);

/* ----- parts.c: which samples are for training, which for validation ----- */

/* Returns the samples of a checked dataset, the *n_valid ones for validation
 * last; the caller frees them.  Returns NULL on error. */
int *gradus_split_order(const gradus_dataset *d, double fraction,
                        uint64_t seed, const gradus_split_options *o,
                        int *n_valid);
int *gradus_fold_order(const gradus_dataset *d, int folds, int fold,
                       uint64_t seed, const gradus_split_options *o,
                       int *n_valid);

/* ----- class_names.c: the classes that a loader's options name ----------- */

typedef struct {
    const char *name; /* borrowed */
    int32_t label;    /* its place in the options, from 0 */
} gradus_class;

/* Checks that names [classes] are there if and only if classes is not 0.  In
 * the messages, `who` is the loader.  Returns 0, or non-zero. */
int gradus_class_names_check(const char *who, const char *const *names,
                             int classes);
/* Returns the classes, at least 1, sorted by their names, which must be there
 * and differ.  The caller frees them.  Returns NULL on error. */
gradus_class *gradus_classes_sort(const char *who, const char *const *names,
                                  int classes);
/* Returns the label of this name among the sorted classes, or -1. */
int32_t gradus_class_find(const gradus_class *class, int classes,
                          const char *name);
/* Compares two names, or classes, by the bytes of the names, for qsort. */
int gradus_by_name(const void *a, const void *b);

/* ----- images ------------------------------------------------------------ */

enum {
    GRADUS_IMAGE_SIDE = 1 << 14,   /* the longest side, read or made */
    GRADUS_IMAGE_AREA = 1 << 25,   /* the most pixels read from one file */
    GRADUS_IMAGE_MEMORY = 5 << 25, /* the most bytes that stb_image may ask
                                      for at once: 4 for each pixel of the
                                      largest area, and one to spare */
    GRADUS_IMAGE_FILE = 1 << 27    /* the most bytes of one file */
};

/* Returns the number of values in an image, channels * height * width, or
 * -1 with a message if channels is not 1 or 3 or if a side or the area is
 * out of range. */
int gradus_image_size(int channels, int height, int width);

/* exif.c: returns the orientation that the EXIF block p of n bytes gives:
 * which sides of the picture the first row and the first column of its pixels
 * are.
 *
 *     1 top, left     3 bottom, right    5 left, top       7 right, bottom
 *     2 top, right    4 bottom, left     6 right, top      8 left, bottom
 *
 * Returns 1 if the block is broken or gives none. */
int gradus_exif_orientation(const uint8_t *p, size_t n);

/* png.c, jpeg.c: each looks for damage that stb_image would not notice in
 * the file p of n bytes, which begins as a PNG or JPEG file does.  Returns
 * what is wrong, or NULL if nothing is.  Sets *orientation, which the caller
 * has set to 0, to what an EXIF block in the file gives. */
const char *gradus_png_fault(const uint8_t *p, size_t n, int *orientation);
const char *gradus_jpeg_fault(const uint8_t *p, size_t n, int *orientation);

/* stb.c: decodes an image file of n bytes.  Returns its pixels
 * [height,width,channels], which the caller frees; or NULL on error, and
 * *why then says what is wrong. */
uint8_t *gradus_stb_decode(const uint8_t *file, size_t n, int channels,
                           int *height, int *width, const char **why);
/* Resizes the pixels `from` [from_height,from_width,channels] to `to`
 * [height,width,channels].  Returns 0, or non-zero if memory ran out. */
int gradus_stb_resize(const uint8_t *from, int from_height, int from_width,
                      uint8_t *to, int height, int width, int channels);

#endif
