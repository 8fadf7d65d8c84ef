/* feed.c -- lends data to a graph's inputs, labels and row weights: an array
 * to one node, or all arrays of a dataset for a while.
 *
 * No array is copied: a node holds a pointer to the caller's, from which the
 * rows of each batch are read when it is their turn. */
#include "train/train.h"

#include "base/error.h"

#include <limits.h>
#include <string.h>

/* ---- one node -------------------------------------------------------- */

static bool has_data(gradus_fed fed)
{
    return fed.x || fed.u8 || fed.labels;
}

/* Feeds n an array [rows,size], which stays the caller's, in place of what it
 * was fed before; size is the node's number of values, or of labels, per row.
 * Messages name the function that the user has called. */
static int feed(const char *function, gradus_node *n, gradus_fed fed,
                size_t rows)
{
    if (!n || !has_data(fed))
        return gradus_error_set("%s: the %s is NULL", function,
                                n ? "data" : "node");
    if (n->kind == GRADUS_KIND_COMPUTED)
        return gradus_refuse(n, "computes its value; only inputs, labels and "
                             "row weights can be fed");
    if (fed.u8 && n->kind != GRADUS_KIND_VALUES)
        return gradus_refuse(n, "takes %s, not u8 values", n->kind ==
                             GRADUS_KIND_LABELS ? "labels" : "real numbers");
    if ((n->kind == GRADUS_KIND_LABELS) != (fed.labels != NULL))
        return gradus_refuse(n, fed.labels ? "takes values, not labels"
                                           : "takes labels, not values");
    if (rows < 1 || rows > INT_MAX)
        return gradus_refuse(n, "got %zu rows; must be 1 to %d", rows,
                             INT_MAX);
    fed.rows = rows;
    n->fed = fed;
    return 0;
}

int gradus_feed(gradus_node *n, const gradus_real *values, size_t rows)
{
    return feed("gradus_feed", n, (gradus_fed){ .x = values }, rows);
}

int gradus_feed_u8(gradus_node *n, const uint8_t *values, size_t rows)
{
    return feed("gradus_feed_u8", n, (gradus_fed){ .u8 = values }, rows);
}

int gradus_feed_labels(gradus_node *n, const int32_t *labels, size_t rows)
{
    return feed("gradus_feed_labels", n, (gradus_fed){ .labels = labels },
                rows);
}

/* ---- a dataset ------------------------------------------------------- */

/* A field of a dataset has the number of the kind of node that takes it, but
 * for the targets, which the graph's second input takes. */
enum { TARGETS = GRADUS_KIND_WEIGHTS + 1 };

/* One field of a dataset. */
typedef struct {
    const char *name; /* what messages call it */
    int size;         /* numbers per sample */
    bool any_size;    /* or rather as many as the node takes */
    gradus_fed fed;   /* its array, if the dataset has one */
    int image[3];     /* channels, height, width; 0 is not known */
} field;

/* Checks that field f fits node n and is not taken by an earlier node, the
 * taker.  n would then be left without a field, and go on using the rows of
 * other data. */
static int check_field(const gradus_node *n, const field *f,
                       const gradus_node *taker)
{
    if (taker)
        return gradus_refuse(n, "a dataset feeds only one such node, %s; feed "
                             "this graph by hand, and pass NULL for the data",
                             taker->name);
    if (!has_data(f->fed))
        return gradus_refuse(n, "the dataset has no %s", f->name);
    if (f->size != n->size && !f->any_size)
        return gradus_refuse(n, "takes %d %s a sample, but the dataset has %d",
                             n->size, f->name, f->size);
    for (int i = 0; i < 3 && n->rank == 3; i++) /* 0 is not compared */
        if (f->image[i] && f->image[i] != n->shape[i]) {
            char takes[64], has[64];
            gradus_shape_text("", 3, n->shape, takes);
            gradus_shape_text("", 3, f->image, has);
            return gradus_refuse(n, "takes images %s, but the dataset has %s; "
                                 "these are channels, height and width", takes,
                                 has);
        }
    return 0;
}

/* Finds the node that takes each field f [GRADUS_FIELDS] of a dataset, and
 * notes what it is fed before. */
static int find_takers(const gradus_graph *g, const field *f,
                       gradus_fed_before *before)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        int k = n->kind;
        if (k == GRADUS_KIND_COMPUTED)
            continue;
        if (k == GRADUS_KIND_VALUES && before->node[k])
            k = TARGETS;
        if (check_field(n, &f[k], before->node[k]))
            return -1;
        before->node[k] = n;
        before->fed[k] = n->fed;
    }
    if (!before->node[GRADUS_KIND_VALUES])
        return gradus_error_set("dataset: the graph has no input to feed");
    return 0;
}

/* Checks that no class of d has another name in g.  A class that has a name on
 * one side only is not compared; its labels are checked in every batch. */
static int compare_names(const gradus_graph *g, const gradus_dataset *d)
{
    int n = d->class_names ? d->classes : 0;

    for (int k = 0; k < n && k < g->class_count; k++) {
        const char *here = d->class_names[k], *there = g->class_name[k];
        if (here && strcmp(here, there) != 0)
            return gradus_error_set("dataset: class %d is \"%.64s\" here, "
                                    "\"%.64s\" in the graph; load the data "
                                    "with the graph's names as class_names, "
                                    "or change those of the graph "
                                    "(gradus_set_class_names)", k, here,
                                    there);
    }
    return 0;
}

/* Only d->n can still be refused when nodes are fed, and that by the first of
 * them, so either all are fed or none. */
int gradus_feed_dataset(gradus_graph *g, const gradus_dataset *d,
                        gradus_fed_before *before)
{
    const field f[GRADUS_FIELDS] = {
        [GRADUS_KIND_VALUES] = { "values", d->size, false,
                                 { .x = d->x, .u8 = d->pixels },
                                 { d->channels, d->height, d->width } },
        [GRADUS_KIND_LABELS] = { "labels", d->positions ? d->positions : 1,
                                 false, { .labels = d->labels }, { 0 } },
        [GRADUS_KIND_WEIGHTS] = { "weights", 1, false, { .x = d->weights },
                                  { 0 } },
        [TARGETS] = { "targets", d->target_size, !d->target_size,
                      { .x = d->targets }, { 0 } },
    };

    if (!d->x == !d->pixels)
        return gradus_error_set("dataset: %s is set; must be either x or "
                                "pixels", d->x ? "both x and pixels"
                                               : "neither x nor pixels");
    if (find_takers(g, f, before) ||
        (before->node[GRADUS_KIND_LABELS] && compare_names(g, d)))
        return -1;
    for (int k = 0; k < GRADUS_FIELDS; k++)
        if (before->node[k] &&
            feed("dataset", before->node[k], f[k].fed, d->n))
            return -1;
    return 0;
}

int gradus_feed_training(gradus_graph *g, const gradus_dataset *d,
                         gradus_fed_before *before)
{
    const gradus_loss_node *l = gradus_classifier(g);

    if (gradus_feed_dataset(g, d, before))
        return -1;
    if (g->class_count || !l || !before->node[GRADUS_KIND_LABELS] ||
        !d->class_names || d->classes < l->classes)
        return 0;
    before->named = g;
    before->passes = g->passes;
    return gradus_set_class_names(g, l->classes, d->class_names);
}

void gradus_feed_restore(const gradus_fed_before *before)
{
    for (int i = 0; i < GRADUS_FIELDS; i++)
        if (before->node[i])
            before->node[i]->fed = before->fed[i];
    if (before->named && before->named->passes == before->passes)
        gradus_set_class_names(before->named, 0, NULL);
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
