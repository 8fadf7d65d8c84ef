/* feed.c -- lends data to a graph's inputs, labels and row weights: an array
 * to one node, or all arrays of a dataset for a while.
 *
 * No array is copied: a node holds a pointer to the caller's, from which the
 * rows of each batch are read when it is their turn. */
#include "train/feed.h"

#include "base/error.h"
#include "graph/graph.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

/* ---- one node -------------------------------------------------------- */

/* Checks that n can be fed this data, which are `rows` rows of labels or else
 * of values, and forgets what it was fed before. */
static int start_feed(gradus_node *n, const void *data, size_t rows,
                      bool labels)
{
    if (!n || !data)
        return gradus_error_set("gradus_feed: the %s is NULL",
                                n ? "data" : "node");
    if (n->kind == GRADUS_KIND_COMPUTED)
        return gradus_refuse(n, "computes its value; only inputs, labels and "
                             "row weights can be fed");
    if ((n->kind == GRADUS_KIND_LABELS) != labels)
        return gradus_refuse(n, labels ? "takes values, not labels"
                                       : "takes labels, not values");
    if (rows < 1 || rows > INT_MAX)
        return gradus_refuse(n, "got %zu rows; must be 1 to %d", rows,
                             INT_MAX);
    n->fed = (gradus_fed){ .rows = rows };
    return 0;
}

/* The array [rows,size] stays the caller's, here and in the next two
 * functions; size is the node's number of values, or of labels, per row. */
int gradus_feed(gradus_node *n, const gradus_real *values, size_t rows)
{
    if (start_feed(n, values, rows, false))
        return -1;
    n->fed.x = values;
    return 0;
}

int gradus_feed_u8(gradus_node *n, const uint8_t *values, size_t rows)
{
    if (n && (n->kind == GRADUS_KIND_LABELS || n->kind == GRADUS_KIND_WEIGHTS))
        return gradus_refuse(n, "takes no u8 values");
    if (start_feed(n, values, rows, false))
        return -1;
    n->fed.u8 = values;
    return 0;
}

int gradus_feed_labels(gradus_node *n, const int32_t *labels, size_t rows)
{
    if (start_feed(n, labels, rows, true))
        return -1;
    n->fed.labels = labels;
    return 0;
}

/* ---- a dataset ------------------------------------------------------- */

/* The fields of a dataset, as indices of arrays [GRADUS_FIELDS]. */
enum { VALUES, LABELS, TARGETS, WEIGHTS };

/* Finds the node that takes each field of a dataset, into taker
 * [GRADUS_FIELDS], all NULL before: the graph's first input takes the values
 * and its second input the targets.  A data node that is left without a field
 * is refused, as it would go on using the rows of other data. */
static int find_takers(const gradus_graph *g, gradus_node **taker)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        if (n->kind == GRADUS_KIND_COMPUTED)
            continue;
        int field = n->kind == GRADUS_KIND_LABELS    ? LABELS
                    : n->kind == GRADUS_KIND_WEIGHTS ? WEIGHTS
                    : taker[VALUES]             ? TARGETS
                                                : VALUES;
        if (taker[field])
            return gradus_refuse(n, "a dataset feeds only one such node, %s; "
                                 "feed this graph by hand, and pass NULL for "
                                 "the data", taker[field]->name);
        taker[field] = n;
    }
    return 0;
}

/* Checks that the dataset has each field for which there is a node in taker
 * [GRADUS_FIELDS], and as many numbers per sample as that node takes. */
static int check_fields(const gradus_dataset *d, gradus_node *const *taker)
{
    const gradus_node *x = taker[VALUES], *labels = taker[LABELS];
    const gradus_node *targets = taker[TARGETS], *weights = taker[WEIGHTS];
    int positions = d->positions ? d->positions : 1;

    if (!x)
        return gradus_error_set("dataset: the graph has no input to feed");
    if (!d->x == !d->pixels)
        return gradus_error_set("dataset: either x or pixels must be set, and "
                                "not both");
    if (d->size != x->size)
        return gradus_refuse(x, "takes %d values a sample, but the dataset "
                             "has %d", x->size, d->size);
    if (labels && !d->labels)
        return gradus_refuse(labels, "the dataset has no labels");
    if (labels && positions != labels->size)
        return gradus_refuse(labels, "takes %d labels a sample, but the "
                             "dataset has %d", labels->size, positions);
    if (targets && !d->targets)
        return gradus_refuse(targets, "the dataset has no targets");
    if (targets && d->target_size && d->target_size != targets->size)
        return gradus_refuse(targets, "takes %d values a sample, but the "
                             "dataset's targets have %d", targets->size,
                             d->target_size);
    if (weights && !d->weights)
        return gradus_refuse(weights, "the dataset has no weights");
    return 0;
}

/* Feeds each field of the dataset, d->n samples, to the node that takes it. */
static int feed_fields(const gradus_dataset *d, gradus_node *const *taker)
{
    int status = d->x ? gradus_feed(taker[VALUES], d->x, d->n)
                      : gradus_feed_u8(taker[VALUES], d->pixels, d->n);

    if (!status && taker[LABELS])
        status = gradus_feed_labels(taker[LABELS], d->labels, d->n);
    if (!status && taker[TARGETS])
        status = gradus_feed(taker[TARGETS], d->targets, d->n);
    if (!status && taker[WEIGHTS])
        status = gradus_feed(taker[WEIGHTS], d->weights, d->n);
    return status;
}

int gradus_feed_dataset(gradus_graph *g, const gradus_dataset *d,
                        gradus_fed_before *before)
{
    gradus_node *taker[GRADUS_FIELDS] = { NULL };

    if (find_takers(g, taker) || check_fields(d, taker))
        return -1;
    for (int i = 0; i < GRADUS_FIELDS; i++) {
        before->node[i] = taker[i];
        if (taker[i])
            before->fed[i] = taker[i]->fed;
    }
    if (feed_fields(d, taker)) {
        gradus_feed_restore(before);
        return -1;
    }
    return 0;
}

void gradus_feed_restore(const gradus_fed_before *before)
{
    for (int i = 0; i < GRADUS_FIELDS; i++)
        if (before->node[i])
            before->node[i]->fed = before->fed[i];
}

int gradus_fed_rows(const gradus_graph *g)
{
    const gradus_node *first = NULL;

    for (int i = 0; i < g->count; i++) {
        const gradus_node *n = g->node[i];
        if (n->kind == GRADUS_KIND_COMPUTED)
            continue;
        if (!first)
            first = n;
        if (n->fed.rows != first->fed.rows)
            return gradus_refuse(n, "was fed %zu rows, but %s was fed %zu",
                                 n->fed.rows, first->name, first->fed.rows);
    }
    if (!first || !first->fed.rows)
        return gradus_error_set("no data was given, and none was fed");
    return (int)first->fed.rows;
}
