/* image.c -- loads one PNG or JPEG file as u8 pixels [channels,height,width].
 *
 * The file is checked (png.c, jpeg.c), decoded (stb.c), laid over white
 * where it is transparent, turned (exif.c), resized, and reordered from
 * pixels to planes of channels.  Of values with 16 bits the upper 8 are
 * taken.  Grey is (77 R + 150 G + 29 B)/256. */
#include "data/data.h"

#include "base/error.h"
#include "base/kind.h"

#include <stdlib.h>
#include <string.h>

int gradus_image_size(int channels, int height, int width)
{
    if (channels != 1 && channels != 3)
        return gradus_error_set("channels is %d; must be 1 (grey) or 3 (RGB)",
                                channels);
    if (height < 1 || height > GRADUS_IMAGE_SIDE || width < 1 ||
        width > GRADUS_IMAGE_SIDE || width > GRADUS_IMAGE_AREA / height)
        return gradus_error_set("the images' size is %d x %d pixels; must be "
                                "1..%d a side, and at most %d in all", height,
                                width, GRADUS_IMAGE_SIDE, GRADUS_IMAGE_AREA);
    return channels * height * width;
}

/* Lays an image with an alpha channel over white, in place: [pixels,channels +
 * 1] becomes [pixels,channels].  Each value v becomes
 *
 *   alpha v + (1 - alpha) 255
 *
 * rounded, where the bytes 0..255 of alpha stand for 0..1. */
static void flatten(uint8_t *p, size_t pixels, int channels)
{
    const uint8_t *from = p;

    for (size_t i = 0; i < pixels; i++, from += channels + 1) {
        int alpha = from[channels];
        for (int c = 0; c < channels; c++)
            *p++ = (uint8_t)((from[c] * alpha + 255 * (255 - alpha) + 127) /
                             255);
    }
}

/* Returns the pixels `from` [height,width,channels], which it frees, turned
 * as they are to be seen, and sets height and width to match.  Orientations
 * from 5 on swap rows with columns; 3, 4, 6 and 7 then turn the order of the
 * stored rows around, and 2, 3, 7 and 8 that of the stored columns.  Returns
 * NULL if memory runs out. */
static uint8_t *turn(uint8_t *from, int *height, int *width, int channels,
                     int orientation)
{
    int h = *height, w = *width;
    bool swap = orientation > 4;
    uint8_t *p, *to;

    if (orientation < 2)
        return from;
    p = to = malloc((size_t)h * (size_t)w * (size_t)channels);
    *height = swap ? w : h;
    *width = swap ? h : w;
    for (int i = 0; to && i < h * w; i++, p += channels) {
        int y = i / *width, x = i % *width;
        int row = swap ? x : y, col = swap ? y : x;
        row = strchr("\3\4\6\7", orientation) ? h - 1 - row : row;
        col = strchr("\2\3\7\10", orientation) ? w - 1 - col : col;
        memcpy(p, from + (row * w + col) * channels, (size_t)channels);
    }
    free(from);
    return to;
}

/* Returns the pixels [height,width,channels] of the image, which the caller
 * frees; NULL, with a message, if it is damaged or of another kind. */
static uint8_t *decode(const char *path, const uint8_t *file, size_t n,
                       int channels, int *height, int *width)
{
    bool png = n >= 8 && memcmp(file, "\x89PNG\r\n\x1a\n", 8) == 0;
    bool jpeg = n >= 3 && memcmp(file, "\xff\xd8\xff", 3) == 0;
    const char *kind = gradus_file_kind(file, n);
    uint8_t *pixels = NULL;
    int orientation = 0;

    if (!png && !jpeg)
        return gradus_error_set("%s: %s%s; must be a PNG or JPEG image", path,
                                kind ? "is " : "",
                                kind ? kind : "unknown kind"), NULL;
    const char *why = (png ? gradus_png_fault : gradus_jpeg_fault)(
        file, n, &orientation);
    if (!why)
        pixels = gradus_stb_decode(file, n, channels + 1, height, width, &why);
    if (!pixels)
        return gradus_error_set("%s: %s: %s", path, png ? "PNG" : "JPEG",
                                why), NULL;
    flatten(pixels, (size_t)*height * (size_t)*width, channels);
    pixels = turn(pixels, height, width, channels, orientation);
    if (!pixels)
        gradus_no_memory("turning %s", path);
    return pixels;
}

/* Reorders `from` [pixels,channels] to `to` [channels,pixels]. */
static void to_planes(const uint8_t *from, int pixels, int channels,
                      uint8_t *to)
{
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < pixels; i++)
            *to++ = from[i * channels + c];
}

/* Resizes the image `from` [from_height,from_width,channels] and reorders
 * it to pixels [channels,height,width].  Returns 0, or non-zero with a
 * message. */
static int resize(const char *path, const uint8_t *from, int from_height,
                  int from_width, int channels, int height, int width,
                  uint8_t *pixels)
{
    if (from_height == height && from_width == width) {
        to_planes(from, height * width, channels, pixels);
        return 0;
    }
    uint8_t *to = malloc((size_t)channels * (size_t)height * (size_t)width);
    int status = !to || gradus_stb_resize(from, from_height, from_width, to,
                                          height, width, channels);
    if (status)
        gradus_no_memory("making %s %d x %d pixels", path, height, width);
    else
        to_planes(to, height * width, channels, pixels);
    free(to);
    return status;
}

int gradus_load_image(const char *path, int channels, int height, int width,
                      uint8_t *pixels)
{
    size_t n;
    int h, w, status = -1;

    if (!path || !pixels)
        return gradus_error_set("gradus_load_image: %s is NULL",
                                path ? "pixels" : "path");
    if (gradus_image_size(channels, height, width) < 0)
        return -1;
    uint8_t *file = gradus_source_contents(path, GRADUS_IMAGE_FILE, NULL, &n);
    if (!file)
        return -1;
    uint8_t *whole = decode(path, file, n, channels, &h, &w);
    free(file);
    if (whole)
        status = resize(path, whole, h, w, channels, height, width, pixels);
    free(whole);
    return status;
}
