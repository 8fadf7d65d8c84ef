/* image.c -- fuzzes gradus_load_image with PNG and JPEG files.  The first
 * three bytes of an input choose channels, height and width; the rest is the
 * file. */
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t n)
{
    if (n < 3)
        return 0;
    int channels = byte[0] % 2 ? 3 : 1;
    int height = 1 + byte[1] % 32, width = 1 + byte[2] % 32;
    size_t size = (size_t)(channels * height * width);
    uint8_t *pixels = malloc(size);
    must(pixels != NULL, "there is memory for the pixels");
    fuzz_file f = fuzz_file_new(byte + 3, n - 3);
    unsigned sum = 0;
    if (gradus_load_image(f.path, channels, height, width, pixels))
        must(*gradus_error(), "a loader that fails says why");
    else
        for (size_t i = 0; i < size; i++)
            sum += pixels[i];
    must(sum <= 255 * size, "a pixel is at most 255");
    fuzz_file_close(f);
    free(pixels);
    return 0;
}
