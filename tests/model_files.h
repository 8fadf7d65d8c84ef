/* model_files.h -- what the tests of model files share, on top of files.h. */
#ifndef MODEL_FILES_H
#define MODEL_FILES_H

#include "files.h"
#include "tests.h"

typedef struct {
    unsigned char *byte; /* [size], and a 0 */
    size_t size;
} contents;

contents read_whole(const char *path);
int same(contents a, contents b);
int files_in_folder(void);

/* 8 bytes of length, the header, the data; its path. */
const char *write_safetensors(const char *name, const char *header,
                              size_t length, const void *data, size_t size);

/* Puts in the checksum that the file should have. */
void seal(contents file);

/* input 2 -> dense 3 -> relu -> dense 2 -> softmax_ce, for batches of 4. */
gradus_graph *small_net(uint64_t seed);

#endif
