/* model.h -- a model file that a command is given, and its predictions. */
#ifndef MODEL_H
#define MODEL_H

#include "gradus.h"

/* A model, owned.  Without a table it takes images, or rows of u8 values. */
typedef struct {
    const char *path;                /* borrowed */
    gradus_graph *graph;
    gradus_table *table;             /* of the rows that it takes, or NULL */
    int size;                        /* values of a row that it takes */
    int channels, height, width;     /* of the images that it takes, else 0 */
    int classes;                     /* K, or 0 where it predicts numbers */
    int outputs;                     /* numbers of a prediction */
} model;

/* Loads the graph alone.  Returns 0, or -1 with a message on stderr.
 * close_model frees it in any case. */
int open_model(model *m, const char *path, int threads);

/* Finds what a model that is open takes and predicts.  Returns 0, or -1 with a
 * message on stderr if it neither sorts into classes nor predicts the targets
 * of a table. */
int understand_model(model *m);

void close_model(model *m);

/* Is the node of this kind, such as "dense"? */
int is_op(const gradus_node *n, const char *op);

/* The node whose values gradus_infer computes: the last. */
const gradus_node *output_of(const gradus_graph *g);

/* The name of class k, or its number if the classes of g have no names. */
const char *class_name(const gradus_graph *g, int k);

/* The name of the target j of the model's table. */
const char *target_name(const model *m, int j);

/* Which of the K probabilities y is the highest. */
int best_class(const gradus_real *y, int classes);

/* Sets y [n,outputs] to the predictions of all rows of d.  Returns 0, or -1
 * with a message in gradus_error. */
int predict_all(gradus_graph *g, const gradus_dataset *d, gradus_real *y);

#endif
