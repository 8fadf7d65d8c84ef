/* pictures.c -- small pictures within a page of HTML: as PNG, in base64. */
#include "pictures.h"

#include "html.h"

#include <stdlib.h>

/* The header declares functions that are not used here. */
#pragma GCC diagnostic ignored "-Wunused-function"
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

enum { LARGEST = 128 }; /* pixels of a side */

static void base64(FILE *f, const uint8_t *bytes, int n)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
                                  "mnopqrstuvwxyz0123456789+/";

    for (int i = 0; i < n; i += 3) {
        const int left = n - i;
        const unsigned three = (unsigned)bytes[i] << 16 |
                               (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                               (left > 2 ? bytes[i + 2] : 0);
        putc(letters[three >> 18], f);
        putc(letters[three >> 12 & 63], f);
        putc(left > 1 ? letters[three >> 6 & 63] : '=', f);
        putc(left > 2 ? letters[three & 63] : '=', f);
    }
}

/* stb_image_write calls this once, with the whole file. */
static void write_base64(void *f, void *file, int n)
{
    base64(f, file, n);
}

int picture(FILE *f, const uint8_t *pixels, int channels, int height,
            int width, const char *alt)
{
    const int most = height > width ? height : width;
    const int step = (most + LARGEST - 1) / LARGEST;
    const int h = height / step ? height / step : 1;
    const int w = width / step ? width / step : 1;
    const int colours = channels == 3 ? 3 : 1;
    uint8_t *mixed = malloc((size_t)h * (size_t)w * (size_t)colours);
    uint8_t *to = mixed;

    if (!mixed)
        return -1;
    for (int i = 0; i < h; i++)
        for (int j = 0; j < w; j++)
            for (int c = 0; c < colours; c++)
                *to++ = pixels[((size_t)c * (size_t)height +
                                (size_t)(i * step)) * (size_t)width +
                               (size_t)(j * step)];
    fprintf(f, "<img alt=\"%s\" src=\"data:image/png;base64,", escaped(alt));
    int ok = stbi_write_png_to_func(write_base64, f, w, h, colours, mixed,
                                    w * colours);
    fputs("\">", f);
    free(mixed);
    return ok ? 0 : -1;
}
