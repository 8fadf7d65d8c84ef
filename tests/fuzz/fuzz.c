/* fuzz.c -- what the fuzz targets share. */
#define _GNU_SOURCE /* for memfd_create */
#include "fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void must(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "not true: %s; the last error is \"%s\"\n", what,
            gradus_error());
    abort();
}

fuzz_file fuzz_file_new(const uint8_t *byte, size_t n)
{
    fuzz_file f = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};
    must(f.fd >= 0, "a file in memory can be made");
    for (size_t at = 0; at < n;) {
        ssize_t put = write(f.fd, byte + at, n - at);
        must(put > 0, "a file in memory can be written");
        at += (size_t)put;
    }
    snprintf(f.path, sizeof f.path, "/proc/self/fd/%d", f.fd);
    return f;
}

void fuzz_file_close(fuzz_file f)
{
    close(f.fd);
}

static bool all_finite(const gradus_real *x, size_t n)
{
    for (size_t i = 0; x && i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

void must_be_sound(const gradus_dataset *d)
{
    size_t sum = 0, pixels = d->pixels ? d->n * (size_t)d->size : 0;
    must(d->n > 0, "a dataset has samples");
    must(all_finite(d->x, d->n * (size_t)d->size), "x is finite");
    must(all_finite(d->targets, d->n * (size_t)d->target_size),
         "the targets are finite");
    for (size_t i = 0; i < pixels; i++)
        sum += d->pixels[i];
    must(sum <= 255 * pixels, "a pixel is at most 255");
    for (size_t i = 0; d->labels && i < d->n; i++)
        must(d->labels[i] >= 0 && d->labels[i] < d->classes,
             "labels are from 0 to classes - 1");
    for (int k = 0; d->class_names && k < d->classes; k++)
        must(d->class_names[k] != NULL, "each class has a name");
}
