/* fuzz.h -- what the fuzz targets share.
 *
 * A target is a file tests/fuzz/NAME.c.  libFuzzer calls its
 * LLVMFuzzerTestOneInput with one input after the other, which it makes by
 * changing those in the corpus, and looks for crashes, memory errors,
 * undefined behaviour and leaks.  A target also calls `must` for what has to
 * be true of every result. */
#ifndef FUZZ_H
#define FUZZ_H

#include <gradus.h>

/* The target.  Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t n);

/* A file in memory, whose path can be opened like any other. */
typedef struct {
    int fd;
    char path[32];
} fuzz_file;

fuzz_file fuzz_file_new(const uint8_t *byte, size_t n);
void fuzz_file_close(fuzz_file f);

/* Ends the program, and so makes the input a finding, if `truth` is false. */
void must(bool truth, const char *what);

/* What has to be true of a dataset that a loader returned. */
void must_be_sound(const gradus_dataset *d);

#endif
