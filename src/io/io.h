/* io.h -- what the files that read and write model files share: JSON, the
 * list of ops, the nodes, the safetensors format, and replacing a file
 * safely.
 *
 * It is the first header of each of these files, as it says which functions
 * the system's headers are to declare: those of POSIX.1-2008. */
#ifndef GRADUS_IO_H
#define GRADUS_IO_H

#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE /* flock */

#include "base/json.h"
#include "optim/optimiser.h"

#include <limits.h>
#include <sys/types.h>

/* The arrays of a checkpoint: what the rule remembers, and the parameters of
 * the best epoch. */
enum { GRADUS_MOST_ARRAYS = GRADUS_MAX_STATES + 1 };

/* ----- json.c: printing JSON, and comparing it --------------------------- */

/* What a file holds: a graph, and in a checkpoint also these arrays of the
 * optimiser, [parameters] each. */
typedef struct {
    const gradus_graph *graph;
    int arrays;
    const gradus_real *array[GRADUS_MOST_ARRAYS];
    const char *key, *text; /* one more entry of the metadata, such as
                               gradus.checkpoint, and its JSON; or NULL */
    bool trial;             /* it is written to see whether it can be, and
                               removed again */
} gradus_contents;

/* A function that prints a part of c as JSON.  It is called in the C locale.
 * Returns 0, or non-zero with a message. */
typedef int gradus_printer(FILE *f, const gradus_contents *c);

/* Returns what print prints, as a string that the caller frees.  Returns
 * NULL, with a message, if print fails, if memory runs out, or if
 * gradus_json_parse would not accept the text. */
char *gradus_json_print(const char *what, gradus_printer *print,
                        const gradus_contents *c);

/* Returns 0 if the values are equal; else -1, with a message about the first
 * part that differs or is missing on one side, such as "seed is 1 here, 2 in
 * the file; must be the same ..".  `name` is what the value is called, or
 * "". */
int gradus_json_compare(const char *name, json_t *here, json_t *there);

/* Prints `before`, and text in quotes with the escapes that JSON needs. */
void gradus_print_string(FILE *f, const char *before, const char *text);
/* Prints `before`, and v, which must be finite, with the fewest digits, from
 * 15 to 17, from which the same bits are read back.  Needs the C locale. */
void gradus_print_number(FILE *f, const char *before, double v);

/* ----- numbers.c --------------------------------------------------------- */

/* Numbers on their way to a text in the metadata, or back from it, so that one
 * function can list them for both ways.  Needs the C locale. */
typedef struct {
    FILE *out;      /* where they are written; NULL if they are read */
    const char *in; /* the rest of the text that is read */
    int status;     /* -1, with a message, after an error in what was read */
} gradus_numbers;

/* Writes *v with as many digits as it needs, or reads it. */
void gradus_transfer(gradus_numbers *t, double *v);
/* Writes a count, which must be within 0 .. most, or reads one.  Returns what
 * it is, or 0 after an error. */
double gradus_transfer_count(gradus_numbers *t, const char *name, double v,
                         double most);

/* ----- ops.c ------------------------------------------------------------- */

/* Every op that a model file may name; the last element is NULL. */
extern const gradus_op *const gradus_ops[];

/* ----- architecture.c: the nodes ---------------------------------------- */

/* Prints the nodes as a list; a gradus_printer. */
int gradus_architecture_print(FILE *f, const gradus_contents *c);
/* Adds the nodes that the JSON describes to an empty graph.  Returns 0, or
 * non-zero with a message. */
int gradus_architecture_read(gradus_graph *g, const json_t *nodes);

/* ----- safetensors.c: reading ------------------------------------------- */

/* A tensor, and the place of its values in the file. */
typedef struct {
    char name[128];        /* such as dense1.weight                          */
    size_t to;             /* its first value is number `to` of those read   */
    size_t size;           /* its values; 0: it is passed over               */
    int width;             /* bytes of a value: 4 for F32, 8 for F64         */
    json_int_t begin, end; /* its values are bytes begin .. end - 1 of data  */
} gradus_tensor;

/* A file that is being read.  crc sums all bytes before the place of fd if
 * own is set. */
typedef struct {
    int fd;                /* the open file, owned; below 0 if none          */
    json_int_t size;       /* bytes of data after the header                 */
    json_int_t needed;     /* bytes of all tensors                           */
    size_t values;         /* how many values are to be read                 */
    json_t *header;        /* the header's tree, owned                       */
    json_t *metadata;      /* an object of strings in the header, or NULL    */
    bool own;              /* gradus wrote it, so it has a checksum          */
    unsigned long wanted;  /* that checksum, a CRC-32                        */
    unsigned long crc;     /* the CRC-32 of what has been read so far        */
    bool matching;         /* only what matches is read: see
                              gradus_safetensors_match                       */
    int matched;           /* the number of tensors that are to be read      */
    int count;             /* the number of tensors                          */
    gradus_tensor *tensor; /* [count], owned, in the order of their data     */
} gradus_safetensors;

/* The name of array number i of a checkpoint.  Nodes have no such names. */
#define GRADUS_ARRAY_NAME "gradus:%d"

enum { GRADUS_MAX_HEADER = 100000000 }; /* bytes; the format's own limit */

/* How the header begins in a file that gradus wrote.  The eight hex digits
 * of its checksum follow: the CRC-32 of the whole file with eight zeros in
 * their place. */
#define GRADUS_BEFORE_CHECKSUM "{\"__metadata__\":{\"gradus.checksum\":\""

/* Opens the file, and reads its header.  Returns non-zero on error, with a
 * message that does not name the path.  Call gradus_safetensors_close in any
 * case. */
int gradus_safetensors_open(gradus_safetensors *f, const char *path);
/* Pairs the parameters of g with the tensors of the file, one to one, and the
 * first arrays of a checkpoint, as many as given (tensors.c).  A parameter
 * without a tensor is an error, as is a tensor without a parameter, or another
 * shape; but the other arrays of a checkpoint, and PyTorch's
 * num_batches_tracked, are passed over.  If f->matching is set, none of these
 * is an error: the file's other tensors are all passed over.  The tensors then
 * have as many bytes as the file. */
int gradus_safetensors_match(gradus_safetensors *f, const gradus_graph *g,
                             int arrays);
/* Reads the values of the tensors, which must lie end to end, to `to`: the
 * parameters, as they lie in theta, and then the arrays.  To be called once.
 * After an error `to` holds some of the values. */
int gradus_safetensors_read(gradus_safetensors *f, gradus_real *to);
/* Once the values are read, prints a line for each parameter of g, and one for
 * each tensor that has none in g.  Takes tensors out of the header.  Returns
 * 0, or -1 with a message if that cannot be written. */
int gradus_safetensors_report(const gradus_safetensors *f,
                              const gradus_graph *g, FILE *out);
void gradus_safetensors_close(gradus_safetensors *f);

/* ----- load.c and save.c ------------------------------------------------- */

/* Prints the names of the classes as a list; a gradus_printer. */
int gradus_classes_print(FILE *f, const gradus_contents *c);

/* Writes the file beside path, and moves it to path if all went well.  Returns
 * 0, or -1 with a message that names the path. */
int gradus_write_file(const gradus_contents *c, const char *path);

/* Reads a whole number below 2^64 from the decimal text that the metadata hold
 * for `key`; it is 0 where the key is missing. */
int gradus_read_count(const json_t *metadata, const char *key,
                      uint64_t *count);

/* Sets *g to the graph that the file's metadata describe, not compiled yet.
 * The caller frees it, after errors too. */
int gradus_load_graph(const gradus_safetensors *f, gradus_graph **g);

/* Compiles it, within the limits of the options, and reads its parameters. */
int gradus_load_compile(gradus_safetensors *f, gradus_graph *g, int max_batch,
                        int threads, const gradus_load_options *options);

/* Sets the counts of passes and epochs of g to those in the metadata. */
int gradus_read_counts(gradus_graph *g, const json_t *metadata);

/* ----- checkpoint.c ------------------------------------------------------ */

/* Lets rank 0 have the state of all parameters, and not only of those that it
 * updates.  All ranks call it, and then rank 0 alone writes the checkpoint.
 * Returns 0, or -1 with a message. */
int gradus_gather_state(const gradus_optimiser *o);

/* Writes a checkpoint of o and its graph, with the parameters `best`
 * [parameters] of the best epoch and what gradus_fit wants to remember; either
 * may be NULL.  Returns 0, or -1 with a message that names the path. */
int gradus_checkpoint_write(const gradus_optimiser *o, const gradus_real *best,
                            json_t *fit, const char *path);

/* Reads one into o and its graph, and into `best` unless that is NULL.  When
 * all has been read, read_fit is called with what gradus_fit wrote, or NULL if
 * it wrote nothing, and may refuse the file; read_fit may be NULL.  `warning`,
 * which may be NULL, is set if the file was written with another BLAS or for
 * another processor.  Returns 0; or -1, with a message that names the path,
 * and then o and its graph are as they were. */
int gradus_checkpoint_read(gradus_optimiser *o, gradus_real *best,
                           const char *path,
                           int (*read_fit)(void *arg, json_t *fit), void *arg,
                           char warning[512]);

/* ----- atomic.c: replacing a file in one step ---------------------------- */

/* A new file that is to replace the one at target, or to appear there.  Until
 * the commit its bytes are in the temporary file, and the target is as it was.
 * Both descriptors are owned. */
typedef struct {
    char target[PATH_MAX];         /* the path, symbolic links resolved      */
    char temporary[PATH_MAX + 64]; /* a path beside it; "" unless that file
                                      exists                                 */
    char kept[PATH_MAX + 64];      /* its new name if it is whole, but cannot
                                      be moved to the target                 */
    int fd;                        /* the temporary file, locked, or -1      */
    int directory;                 /* the target's folder, or -1             */
    off_t at;                      /* where its next bytes go                */
    unsigned long crc;             /* the CRC-32 of all that was written     */
} gradus_atomic;

/* These return non-zero on error, with a message that does not name the
 * path.  Call gradus_atomic_close in any case: without a commit it removes
 * all traces of the new file. */
int gradus_atomic_open(gradus_atomic *a, const char *path);
/* Writes n bytes to the new file, from its byte a->at on. */
int gradus_atomic_write(gradus_atomic *a, const void *bytes, size_t n);
/* Waits until the new file is on the disk, and, unless this is only a trial,
 * moves it to the target.  If it cannot be moved, it is kept, and the message
 * says where. */
int gradus_atomic_commit(gradus_atomic *a, bool trial);
void gradus_atomic_close(gradus_atomic *a);

/* Keeps some versions of the file, if it exists, beside it: the last but one
 * gets the name path.1, the one before path.2, and so on.  The path itself
 * still leads to the last.  Returns 0, or -1 with a message that names it. */
int gradus_keep_older(const char *path, int versions);

#endif
