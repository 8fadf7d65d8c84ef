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
    SHARES,   /* distributions over `below` classes, of an image its width */
    WEIGHTS,  /* in [0,2), a fifth of them 0 */
    MASK      /* 0 or, one in five but never a first of `below`, -inf */
} same_kind;

typedef struct {
    gradus_node *node;
    same_kind kind;
    int size, below;
    void *data;
} same_fed;

/* A graph, its data, and what a case wants beside. */
typedef struct same_model {
    gradus_graph *g;
    int n;
    same_fed fed[MAX_FED];
    gradus_node *wanted; /* an input whose gradient counts too, or NULL */
    int mute;            /* non-zero: its output depends on several inputs, so
                            that gradus_infer does not take it */
    /* Trains for epochs of batches of at most so many rows, and says in text
     * what else came of it.  NULL: one epoch. */
    int (*fit)(const struct same_model *m, gradus_optimiser *o, int batch,
               char *text);
} same_model;

/* Builds a net in m->g, by the data nodes below; `with` is the case's own. */
typedef void (*same_build)(same_model *m, const void *with);

/* After compile; NULL in a case means SGD with momentum. */
typedef gradus_optimiser *(*same_rule)(gradus_graph *g);

typedef struct {
    const char *name;
    same_build build;
    const void *with;
    same_rule rule;
    int batch[MAX_BATCHES]; /* up to the first 0 */
} same_case;

/* ---- model.c ---------------------------------------------------------- */

/* Data nodes.  The first one made is what gradus_infer is given. */
gradus_node *same_input(same_model *m, int size);
gradus_node *same_image(same_model *m, same_kind kind, int channels,
                        int height, int width);
gradus_node *same_labels(same_model *m, int positions, int classes);
gradus_node *same_weights(same_model *m);
gradus_node *same_other(same_model *m, same_kind kind, int size, int below);

void same_feed(same_model *m, int rows);
void same_free(same_model *m);

/* Ends the program, with a message, unless ok. */
void same_must(int ok, const char *what);

/* FNV-1a, 64 bits, going on from h: at first SAME_FNV. */
#define SAME_FNV UINT64_C(14695981039346656037)
uint64_t same_hash(uint64_t h, const void *bytes, size_t n);

/* ---- run.c ------------------------------------------------------------ */

/* Prints a line for each batch of each case.  Returns how many of them are
 * not the same for one, two and four threads. */
int same_run(const same_case *c, size_t n);
const char *same_precision(void);
int same_rows(int batch); /* that are fed for it; the last batch is smaller */

/* ---- the cases, of which each is a file's; what they return is as above - */

int same_nets(void);
int same_layers(void);
int same_convolutions(void);
int same_losses(void);
int same_optimisers(void);
int same_fits(void);
int same_data(void);

#endif
