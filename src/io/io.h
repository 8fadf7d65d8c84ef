/* io.h -- what reading and writing model files share. */
#ifndef GRADUS_IO_H
#define GRADUS_IO_H

#include "gradus.h"

#include <jansson.h>
#include <sys/types.h>

/* ----- json.c: text that may be hostile, numbers that must not change ---- */

/* text[length] must be 0.  NULL, with a message that begins with `what`,
 * unless text is one array or object that is UTF-8 and has no key twice, no
 * NUL and at most 32,768 values.  flags are json_loadb's.  The caller calls
 * json_decref. */
json_t *gradus_json_parse(const char *what, const char *text, size_t length,
                          size_t flags);

/* Prints g, or a part of it, as JSON.  0, or non-zero with a message. */
typedef int gradus_printer(FILE *f, const gradus_graph *g);

/* Returns what print prints, which the caller frees.  NULL, with a message, if
 * print fails, if memory runs out, or if the text holds more values than
 * gradus_json_parse takes. */
char *gradus_json_print(const char *what, gradus_printer *print,
                        const gradus_graph *g);

/* The text in quotes, with escapes where JSON needs them. */
void gradus_print_string(FILE *f, const char *text);
/* v, which is finite, in the fewest of 15 to 17 digits that read back as the
 * same bits.  Needs the C locale. */
void gradus_print_number(FILE *f, double v);

/* ----- architecture.c: the nodes ---------------------------------------- */

/* A gradus_printer of the nodes; needs the C locale. */
int gradus_architecture_print(FILE *f, const gradus_graph *g);
/* Adds the nodes to an empty graph.  0, or non-zero with a message. */
int gradus_architecture_read(gradus_graph *g, const json_t *nodes);

/* ----- safetensors.c: reading ------------------------------------------- */

typedef struct {
    const char *name;          /* of f.header                                */
    const json_t *shape;
    int width;                 /* bytes a value: 4 is F32, 8 is F64          */
    uint64_t begin, end;       /* in the data                                */
    const gradus_param *param; /* where it goes: for the reader to set       */
} gradus_tensor;

typedef struct {
    int fd;
    json_t *header;
    json_t *metadata;          /* a map of strings, or NULL                  */
    int own;                   /* written by gradus: it has a checksum       */
    unsigned long crc, wanted; /* so far; as the file says                   */
    int count;
    gradus_tensor *tensor;     /* [count], as they lie in the file           */
} gradus_safetensors;

/* What an own file has before the eight digits of its checksum, which is the
 * CRC-32 of the whole file with zeros for these digits. */
#define GRADUS_BEFORE_CHECKSUM "{\"__metadata__\":{\"gradus.checksum\":\""

/* Reads and checks all but the values.  Non-zero with a message, without path,
 * on error.  f is closed either way by gradus_safetensors_close. */
int gradus_safetensors_open(gradus_safetensors *f, const char *path);
/* A string of the metadata, NULL where there is none. */
const char *gradus_safetensors_string(const gradus_safetensors *f,
                                      const char *key);
/* Once, after every tensor has its parameter: the values, to
 * theta + param->offset.  On error theta holds some of them. */
int gradus_safetensors_read(gradus_safetensors *f, gradus_real *theta);
void gradus_safetensors_close(gradus_safetensors *f);

/* "dense1.weight". */
enum { GRADUS_TENSOR_NAME = 128 };
void gradus_tensor_name(const gradus_node *n, const gradus_param *p,
                        char name[GRADUS_TENSOR_NAME]);

/* ----- atomic.c: path holds the old file or the new one ------------------ */

typedef struct {
    char *target;    /* path, with symbolic links followed                   */
    char *temporary; /* beside it; NULL before it is made, and after commit  */
    int fd, directory;
} gradus_atomic;

/* Non-zero, with a message without path, on error.  Call gradus_atomic_close
 * in the end in any case: without a commit it leaves no trace. */
int gradus_atomic_open(gradus_atomic *a, const char *path);
/* n bytes, from byte `at` of the file on. */
int gradus_atomic_write(gradus_atomic *a, const void *bytes, size_t n,
                        off_t at);
int gradus_atomic_commit(gradus_atomic *a);
void gradus_atomic_close(gradus_atomic *a);

#endif
