/* pictures.h -- PNG and JPEG files made for tests, right or wrong. */
#ifndef PICTURES_H
#define PICTURES_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t n;
    uint8_t bytes[1 << 17];
} picture;

/* Appends. */
void picture_bytes(picture *p, const void *bytes, size_t n);

/* Appends a PNG chunk with its right checksum. */
void picture_chunk(picture *p, const char *type, const void *data, size_t n);
/* Empties p and begins a PNG with this header. */
void picture_png_header(picture *p, int width, int height, int depth,
                        int colour);
/* Appends what makes it whole: height rows of row_bytes bytes. */
void picture_png_rows(picture *p, const uint8_t *rows, int height,
                      size_t row_bytes);
/* A whole PNG of 8 bits a value, 1 to 4 channels, pixels [h,w,channels]. */
void picture_png(picture *p, int width, int height, int channels,
                 const uint8_t *pixels);

void picture_read(picture *p, const char *path);

/* Where the first JPEG segment with this marker begins. */
size_t picture_segment(const picture *p, int marker);

/* Loading this file is an error that names it, says the words and writes no
 * pixel. */
void picture_check_bad(const char *path, const char *words, const char *what);

#endif
