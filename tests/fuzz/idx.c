/* idx.c -- fuzzes gradus_load_idx.  The first two bytes of an input are the
 * length of the file of images, the high byte first; the images follow, and
 * then the labels. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t n)
{
    if (n < 2)
        return 0;
    size_t length = (size_t)byte[0] << 8 | byte[1];
    byte += 2;
    n -= 2;
    if (length > n)
        length = n;
    fuzz_file images = fuzz_file_new(byte, length);
    fuzz_file labels = fuzz_file_new(byte + length, n - length);
    gradus_dataset *d = gradus_load_idx(images.path, labels.path);
    if (d)
        must_be_sound(d);
    must(d || *gradus_error(), "a loader that fails says why");
    gradus_dataset_free(d);
    fuzz_file_close(images);
    fuzz_file_close(labels);
    return 0;
}
