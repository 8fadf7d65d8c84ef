/* stb.c -- the one place where stb_image and stb_image_resize are compiled:
 * for PNG and JPEG only, and as static functions, so that they do not clash
 * with a copy that the program itself links.
 *
 * New blocks of memory are zeroed, because stb_image leaves parts of a
 * damaged JPEG unwritten, and such a picture would otherwise differ from
 * run to run.  No block is larger than GRADUS_IMAGE_MEMORY. */
#include "data/data.h"

#include "base/mode.h"

#include <stdlib.h>

/* Has an allocation failed since this was last set to false? */
static _Thread_local bool refused;

/* realloc for stb_image, which zeroes a new block (p is NULL), and refuses
 * blocks above the limit. */
static void *capped_realloc(void *p, size_t n)
{
    void *q = NULL;

    if (n <= GRADUS_IMAGE_MEMORY)
        q = p ? realloc(p, n) : calloc(1, n);
    refused |= !q;
    return q;
}

/* Both headers declare functions that are not defined or not used here. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define STBI_MALLOC(n) capped_realloc(NULL, n)
#define STBI_REALLOC(p, n) capped_realloc(p, n)
#define STBI_FREE(p) free(p)
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS GRADUS_IMAGE_SIDE
#define STBI_FAILURE_USERMSG
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

#define STBIR_MALLOC(n, context) ((void)(context), capped_realloc(NULL, n))
#define STBIR_FREE(p, context) ((void)(context), free(p))
#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb/stb_image_resize.h>

/* The size is read from the header first, so that an image that is too
 * large is refused before its pixels are decoded. */
uint8_t *gradus_stb_decode(const uint8_t *file, size_t n, int channels,
                           int *height, int *width, const char **why)
{
    int in_file;
    uint8_t *pixels = NULL;

    refused = false;
    if (stbi_info_from_memory(file, (int)n, width, height, &in_file)) {
        if (*width > GRADUS_IMAGE_AREA / *height) {
            *why = "more than 33 million pixels";
            return NULL;
        }
        pixels = stbi_load_from_memory(file, (int)n, width, height, &in_file,
                                       channels);
    }
    *why = refused ? "not enough memory"
                   : "damaged: its pixels cannot be decoded";
    return pixels;
}

/* A side that becomes smaller is averaged over the pixels that become one;
 * a side that becomes larger is interpolated linearly. */
static stbir_filter filter(int from, int to)
{
    return to <= from ? STBIR_FILTER_BOX : STBIR_FILTER_TRIANGLE;
}

int gradus_stb_resize(const uint8_t *from, int from_height, int from_width,
                      uint8_t *to, int height, int width, int channels)
{
    gradus_mode mode;

    gradus_mode_enter(&mode);
    int done = stbir_resize(
        from, from_width, from_height, 0, to, width, height, 0,
        STBIR_TYPE_UINT8, channels, STBIR_ALPHA_CHANNEL_NONE, 0,
        STBIR_EDGE_CLAMP, STBIR_EDGE_CLAMP, filter(from_width, width),
        filter(from_height, height), STBIR_COLORSPACE_LINEAR, NULL);
    gradus_mode_leave(&mode);
    return !done;
}
