/* io.h -- what reading and writing model files share. */
#ifndef GRADUS_IO_H
#define GRADUS_IO_H

#include "gradus_layer.h"

#include <jansson.h>
#include <sys/types.h>

/* ----- json.c: text that may be hostile, numbers that must not change ---- */

/* Parses text, whose byte text[length] must be 0.  It must be one array or
 * object in UTF-8, with no key twice in an object, no NUL and at most 32,768
 * values; otherwise NULL, with a message that begins with `what`.  flags are
 * json_loadb's.  The caller calls json_decref. */
json_t *gradus_json_parse(const char *what, const char *text, size_t length,
                          size_t flags);

/* Prints g, or a part of it, as JSON.  0, or non-zero with a message. */
typedef int gradus_printer(FILE *f, const gradus_graph *g);

/* Returns what print prints, which the caller frees.  NULL, with a message, if
 * print fails, if memory runs out, or if the text holds more values than
 * gradus_json_parse takes. */
char *gradus_json_print(const char *what, gradus_printer *print,
                        const gradus_graph *g);

/* Prints text in quotes, with the escapes that JSON needs. */
void gradus_print_string(FILE *f, const char *text);
/* Prints v, which is finite, with the fewest of 15 to 17 digits from which the
 * same bits are read back.  Needs the C locale. */
void gradus_print_number(FILE *f, double v);

/* ----- ops.c ------------------------------------------------------------- */

/* Every op that a model file may name, ended by NULL. */
extern const gradus_op *const gradus_ops[];

/* ----- architecture.c: the nodes ---------------------------------------- */

/* A gradus_printer of the nodes; needs the C locale. */
int gradus_architecture_print(FILE *f, const gradus_graph *g);
/* Adds the nodes to an empty graph.  0, or non-zero with a message. */
int gradus_architecture_read(gradus_graph *g, const json_t *nodes);

/* ----- safetensors.c: reading ------------------------------------------- */

typedef struct {
    const char *name;          /* belongs to the header, as the shape does   */
    json_t *shape;             /* a list of sizes                            */
    int width;                 /* bytes of a value: 4 for F32, 8 for F64     */
    uint64_t begin, end;       /* its bytes of the data                      */
    const gradus_param *param; /* where its values go; set by the reader     */
} gradus_tensor;

typedef struct {
    int fd;
    json_t *header;
    json_t *metadata;     /* a map of strings within the header, or NULL     */
    int own;              /* non-zero: gradus wrote it, so it has a checksum */
    unsigned long wanted; /* that checksum                                   */
    unsigned long crc;    /* of what has been read so far                    */
    int count;
    gradus_tensor *tensor; /* [count], in the order of their data            */
} gradus_safetensors;

/* The beginning of the header in a file that gradus wrote.  The eight hex
 * digits of its checksum follow: the CRC-32 of the whole file with zeros in
 * their place. */
#define GRADUS_BEFORE_CHECKSUM "{\"__metadata__\":{\"gradus.checksum\":\""

/* Reads and checks everything but the values.  Non-zero, with a message that
 * does not name the path, on error.  Call gradus_safetensors_close in any
 * case. */
int gradus_safetensors_open(gradus_safetensors *f, const char *path);
/* Returns a string of the metadata, or NULL if there is none of that key. */
const char *gradus_safetensors_string(const gradus_safetensors *f,
                                      const char *key);
/* Reads the values; each tensor must have its param.  A parameter's go to the
 * same place in `to` as it has in theta.  To be called once.  After an error
 * `to` holds some of the values. */
int gradus_safetensors_read(gradus_safetensors *f, const gradus_real *theta,
                            gradus_real *to);
void gradus_safetensors_close(gradus_safetensors *f);

/* Sets name to that of a parameter's tensor: "dense1.weight". */
enum { GRADUS_TENSOR_NAME = 128 }; /* bytes, with the final 0 */
void gradus_tensor_name(const gradus_node *n, const gradus_param *p,
                        char name[GRADUS_TENSOR_NAME]);

/* ----- atomic.c: path holds the old file or the new one ------------------ */

typedef struct {
    char *target;    /* the path, with symbolic links resolved               */
    char *temporary; /* a path beside it; NULL unless that file exists       */
    int fd;          /* the temporary file, or -1                            */
    int directory;   /* the target's folder, or -1                           */
} gradus_atomic;

/* These return non-zero, with a message that does not name the path, on error.
 * Call gradus_atomic_close in any case: without a commit it removes all traces
 * of the new file. */
int gradus_atomic_open(gradus_atomic *a, const char *path);
/* Writes n bytes from byte `at` of the file on. */
int gradus_atomic_write(gradus_atomic *a, const void *bytes, size_t n,
                        off_t at);
int gradus_atomic_commit(gradus_atomic *a);
void gradus_atomic_close(gradus_atomic *a);

#endif
