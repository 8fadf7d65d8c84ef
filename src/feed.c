/* feed.c -- lending data to a graph's inputs, labels and weights. */
#include "feed.h"

#include "error.h"
#include "graph.h"

#include <limits.h>
#include <string.h>

/* A data node that takes rows of this kind, or NULL with a message. */
static gradus_node *taker(gradus_node *n, const void *data, size_t rows,
                          int labels)
{
    if (!n || !data) {
        gradus_error_set("gradus_feed: the %s is NULL", n ? "data" : "node");
        return NULL;
    }
    if (n->n_in)
        return gradus_fail(n, "computes its value; only inputs, labels and "
                           "row weights are fed");
    if (n->is_labels != labels)
        return gradus_fail(n, n->is_labels ? "takes labels, not values"
                                           : "takes values, not labels");
    if (rows < 1 || rows > INT_MAX)
        return gradus_fail(n, "%zu rows fed, 1 to %d wanted", rows, INT_MAX);
    memset(&n->fed, 0, sizeof n->fed);
    n->fed.rows = rows;
    return n;
}

int gradus_feed(gradus_node *n, const gradus_real *values, size_t rows)
{
    if (!taker(n, values, rows, 0))
        return -1;
    n->fed.x = values;
    return 0;
}

int gradus_feed_u8(gradus_node *n, const uint8_t *values, size_t rows)
{
    if (n && !n->n_in && n->op->prepare)
        return gradus_fail(n, "takes no u8 values"), -1;
    if (!taker(n, values, rows, 0))
        return -1;
    n->fed.u8 = values;
    return 0;
}

int gradus_feed_labels(gradus_node *n, const int32_t *labels, size_t rows)
{
    if (!taker(n, labels, rows, 1))
        return -1;
    n->fed.labels = labels;
    return 0;
}

/* The data nodes of a graph, in the order of a dataset's fields. */
static void find_takers(const gradus_graph *g, gradus_node *taker[4])
{
    memset(taker, 0, 4 * sizeof *taker);
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        int slot = n->is_labels ? LABELS : n->op->prepare ? WEIGHTS : VALUES;
        if (n->n_in)
            continue;
        if (slot == VALUES && taker[VALUES])
            slot = TARGETS;
        if (!taker[slot])
            taker[slot] = n;
    }
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
        return gradus_fail(x, "takes %d values a sample, the dataset has %d",
                           x->size, d->size), -1;
    if (t && !d->labels)
        return gradus_fail(t, "the dataset has no labels"), -1;
    if (t && positions != t->size)
        return gradus_fail(t, "takes %d labels a sample, the dataset has %d",
                           t->size, positions), -1;
    if (taker[TARGETS] && !d->targets)
        return gradus_fail(taker[TARGETS], "the dataset has no targets"), -1;
    if (taker[WEIGHTS] && !d->weights)
        return gradus_fail(taker[WEIGHTS], "the dataset has no weights"), -1;
    return 0;
}

int gradus_lend(gradus_graph *g, const gradus_dataset *d, gradus_lent *before)
{
    gradus_node *taker[4];

    find_takers(g, taker);
    if (check_sizes(d, taker))
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

void gradus_take_back(const gradus_lent *before)
{
    for (int i = 0; i < 4; i++)
        if (before->node[i])
            before->node[i]->fed = before->fed[i];
}
