/* same.h -- nets with their data, whose training must not change by a bit. */
#ifndef SAME_H
#define SAME_H

#include "gradus_layer.h"

enum { MAX_FED = 8, MAX_BATCHES = 5 };

/* What a data node is fed. */
typedef enum {
    REALS,    /* in [-1,1) */
    PIXELS,   /* bytes, most of them 0 */
    WHOLE,    /* whole numbers from 0 to below - 1: tokens or labels */
    PORTIONS, /* in [0,1) */
    SHARES,   /* distributions over `below` classes or an image's width */
    WEIGHTS,  /* in [0,2), a fifth of them 0 */
    MASK      /* one in five is -inf, the others 0; the first of each `below`
                 numbers is always 0 */
} same_kind;

/* A data node and its data. */
typedef struct {
    gradus_node *node;
    same_kind kind;
    int size, below; /* numbers in a row; see same_kind */
    void *data;      /* [rows,size] */
} same_fed;

/* A graph, its data, and what else a case needs. */
typedef struct same_model {
    gradus_graph *g;
    int n; /* how many data nodes there are */
    same_fed fed[MAX_FED];
    gradus_node *wanted; /* an input whose gradient is printed too, or NULL */
    int mute;            /* non-zero: the output depends on several inputs, so
                            that gradus_infer cannot compute it */
    /* Trains for some epochs in batches of at most `batch` rows, and writes
     * further results to text.  NULL means training for one epoch. */
    int (*fit)(const struct same_model *m, gradus_optimiser *o, int batch,
               char *text);
} same_model;

/* Builds a net in m->g, with the data nodes below.  `with` holds the settings
 * of the case. */
typedef void (*same_build)(same_model *m, const void *with);

/* Makes an optimiser for a compiled graph.  NULL in a case means SGD with
 * momentum. */
typedef gradus_optimiser *(*same_rule)(gradus_graph *g);

typedef struct {
    const char *name;
    same_build build;
    const void *with;
    same_rule rule;
    int batch[MAX_BATCHES]; /* the numbers of rows, up to the first 0 */
} same_case;

/* ---- model.c ---------------------------------------------------------- */

/* These make data nodes.  gradus_infer is given the data of the first one. */
gradus_node *same_input(same_model *m, int size);
gradus_node *same_image(same_model *m, same_kind kind, int channels,
                        int height, int width);
gradus_node *same_labels(same_model *m, int positions, int classes);
gradus_node *same_weights(same_model *m);
gradus_node *same_other(same_model *m, same_kind kind, int size, int below);

/* Draws `rows` rows of data for each data node, and feeds them. */
void same_feed(same_model *m, int rows);
void same_free(same_model *m);

/* Ends the program, with a message, unless ok. */
void same_must(int ok, const char *what);

/* Adds n bytes to h, a 64-bit FNV-1a hash that starts at SAME_FNV. */
#define SAME_FNV UINT64_C(14695981039346656037)
uint64_t same_hash(uint64_t h, const void *bytes, size_t n);

/* ---- run.c ------------------------------------------------------------ */

/* Prints a line for each batch of each of the n cases.  Returns how many lines
 * are not the same for one, two and four threads. */
int same_run(const same_case *c, size_t n);
/* "float" or "double". */
const char *same_precision(void);
/* How many rows are fed for batches of this size: not a multiple of it, so
 * that the last batch is smaller. */
int same_rows(int batch);

/* ---- the cases of each file; these return what same_run does ---------- */

int same_nets(void);
int same_layers(void);
int same_convolutions(void);
int same_losses(void);
int same_optimisers(void);
int same_fits(void);
int same_data(void);

#endif
