/* feed.c -- lending data to a graph's inputs, labels and weights. */
#include "train/feed.h"

#include "base/error.h"
#include "graph/graph.h"

#include <limits.h>
#include <string.h>

/* Makes room for rows in a data node that is, or is not, a labels node. */
static int take(gradus_node *n, const void *data, size_t rows, int labels)
{
    if (!n || !data)
        return gradus_error_set("gradus_feed: the %s is NULL",
                                n ? "data" : "node");
    if (n->kind == GRADUS_COMPUTED)
        return gradus_refuse(n, "computes its value; only inputs, labels and "
                             "row weights are fed");
    if ((n->kind == GRADUS_LABELS) != labels)
        return gradus_refuse(n, labels ? "takes values, not labels"
                                       : "takes labels, not values");
    if (rows < 1 || rows > INT_MAX)
        return gradus_refuse(n, "%zu rows fed, 1 to %d wanted", rows, INT_MAX);
    memset(&n->fed, 0, sizeof n->fed);
    n->fed.rows = rows;
    return 0;
}

int gradus_feed(gradus_node *n, const gradus_real *values, size_t rows)
{
    if (take(n, values, rows, 0))
        return -1;
    n->fed.x = values;
    return 0;
}

int gradus_feed_u8(gradus_node *n, const uint8_t *values, size_t rows)
{
    if (n && (n->kind == GRADUS_LABELS || n->kind == GRADUS_WEIGHTS))
        return gradus_refuse(n, "takes no u8 values");
    if (take(n, values, rows, 0))
        return -1;
    n->fed.u8 = values;
    return 0;
}

int gradus_feed_labels(gradus_node *n, const int32_t *labels, size_t rows)
{
    if (take(n, labels, rows, 1))
        return -1;
    n->fed.labels = labels;
    return 0;
}

/* The data nodes of a graph, in the order of a dataset's fields.  One that a
 * dataset has no field for is an error: it would keep rows of other data. */
static int find_takers(const gradus_graph *g, gradus_node *taker[4])
{
    memset(taker, 0, 4 * sizeof *taker);
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        if (n->kind == GRADUS_COMPUTED)
            continue;
        int slot = n->kind == GRADUS_LABELS    ? LABELS
                   : n->kind == GRADUS_WEIGHTS ? WEIGHTS
                                               : VALUES;
        if (slot == VALUES && taker[VALUES])
            slot = TARGETS;
        if (taker[slot])
            return gradus_refuse(n, "a dataset feeds one such node, %s; feed "
                                 "this graph by hand, and pass NULL for the "
                                 "data", taker[slot]->name);
        taker[slot] = n;
    }
    return 0;
}

static int check_sizes(const gradus_dataset *d, gradus_node *const taker[4])
{
    gradus_node *x = taker[VALUES], *t = taker[LABELS];
    int positions = d->positions ? d->positions : 1;

    if (!x)
        return gradus_error_set("dataset: the graph has no input to feed");
    if (!d->x == !d->pixels)
        return gradus_error_set("dataset: either x or pixels must be set");
    if (d->size != x->size)
        return gradus_refuse(x, "takes %d values a sample, the dataset has %d",
                           x->size, d->size);
    if (t && !d->labels)
        return gradus_refuse(t, "the dataset has no labels");
    if (t && positions != t->size)
        return gradus_refuse(t, "takes %d labels a sample, the dataset has %d",
                           t->size, positions);
    if (taker[TARGETS] && !d->targets)
        return gradus_refuse(taker[TARGETS], "the dataset has no targets");
    if (taker[TARGETS] && d->target_size &&
        d->target_size != taker[TARGETS]->size)
        return gradus_refuse(taker[TARGETS], "takes %d values a sample, the "
                             "dataset's targets have %d",
                             taker[TARGETS]->size, d->target_size);
    if (taker[WEIGHTS] && !d->weights)
        return gradus_refuse(taker[WEIGHTS], "the dataset has no weights");
    return 0;
}

int gradus_lend(gradus_graph *g, const gradus_dataset *d, gradus_lent *before)
{
    gradus_node *taker[4];

    if (find_takers(g, taker) || check_sizes(d, taker))
        return -1;
    for (int i = 0; i < 4; i++) {
        before->node[i] = taker[i];
        if (taker[i])
            before->fed[i] = taker[i]->fed;
    }
    int status = d->x ? gradus_feed(taker[VALUES], d->x, d->n)
                      : gradus_feed_u8(taker[VALUES], d->pixels, d->n);
    if (!status && taker[LABELS])
        status = gradus_feed_labels(taker[LABELS], d->labels, d->n);
    if (!status && taker[TARGETS])
        status = gradus_feed(taker[TARGETS], d->targets, d->n);
    if (!status && taker[WEIGHTS])
        status = gradus_feed(taker[WEIGHTS], d->weights, d->n);
    if (status) {
        gradus_take_back(before);
        return -1;
    }
    return 0;
}

int gradus_fed_rows(const gradus_graph *g)
{
    size_t rows = 0;

    for (int i = 0; i < g->count; i++) {
        const gradus_node *n = g->node[i];
        if (n->kind == GRADUS_COMPUTED)
            continue;
        if (rows && n->fed.rows != rows)
            return gradus_refuse(n, "%zu rows were fed to it, %zu to another",
                                 n->fed.rows, rows);
        rows = n->fed.rows;
    }
    if (!rows)
        return gradus_error_set("no data was given, and none was fed");
    return (int)rows;
}

void gradus_take_back(const gradus_lent *before)
{
    for (int i = 0; i < 4; i++)
        if (before->node[i])
            before->node[i]->fed = before->fed[i];
}
