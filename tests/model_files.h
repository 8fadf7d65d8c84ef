/* model_files.h -- what the tests of model files share, on top of files.h. */
#ifndef MODEL_FILES_H
#define MODEL_FILES_H

#include "files.h"
#include "tests.h"

typedef struct {
    unsigned char *byte; /* [size], and a 0 */
    size_t size;
} contents;

/* Reads a whole file.  The caller frees .byte. */
contents read_whole(const char *path);
/* Do two files hold the same bytes? */
int same(contents a, contents b);
/* How many files and folders the test's folder holds. */
int files_in_folder(void);

/* Writes n as safetensors writes the length of a header: the lowest byte
 * first. */
void length_bytes(uint64_t n, unsigned char byte[8]);

/* Writes n floats, or n doubles, as safetensors writes them: the lowest byte
 * first, whatever the byte order of this machine. */
void float_bytes(const float *x, size_t n, unsigned char *byte);
void double_bytes(const double *x, size_t n, unsigned char *byte);

/* Writes a safetensors file: 8 bytes that hold the length, the header of that
 * length, and `size` bytes of data.  Returns its path. */
const char *write_safetensors(const char *name, const char *header,
                              size_t length, const void *data, size_t size);

/* Replaces the checksum in a model file by the one that fits its contents. */
void seal(contents file);

/* input 2 -> dense 3 -> relu -> dense 2 -> softmax_ce, for batches of 4. */
gradus_graph *small_net(uint64_t seed);

#endif
