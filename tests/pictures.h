/* pictures.h -- PNG and JPEG files made for tests, right or wrong. */
#ifndef PICTURES_H
#define PICTURES_H

#include <stddef.h>
#include <stdint.h>

/* The bytes of a picture file. */
typedef struct {
    size_t n; /* how many bytes it has */
    uint8_t bytes[1 << 17];
} picture;

/* Appends n bytes. */
void picture_bytes(picture *p, const void *bytes, size_t n);

/* Appends a PNG chunk, with its right checksum. */
void picture_chunk(picture *p, const char *type, const void *data, size_t n);
/* Empties p and begins a PNG with this header.  depth: bits a value; colour:
 * PNG's colour type. */
void picture_png_header(picture *p, int width, int height, int depth,
                        int colour);
/* Appends the pixels, rows [height,row_bytes], and the end of the PNG. */
void picture_png_rows(picture *p, const uint8_t *rows, int height,
                      size_t row_bytes);
/* Makes p a whole PNG with 8 bits a value, 1 to 4 channels, and pixels
 * [height,width,channels]. */
void picture_png(picture *p, int width, int height, int channels,
                 const uint8_t *pixels);

/* Makes p the bytes of this file. */
void picture_read(picture *p, const char *path);

/* Returns where in p the first JPEG segment with this marker begins. */
size_t picture_segment(const picture *p, int marker);

/* Asserts that loading this file fails, that the message names the file and
 * contains `words`, and that no pixel was written.  `what` names the case, for
 * messages of the test. */
void picture_check_bad(const char *path, const char *words, const char *what);

#endif
