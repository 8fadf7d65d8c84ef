/* labels.c -- what a loss needs to know of each row: its labels, its weight.
 *
 * Both are gathered before the sweep, on the calling thread: a loss divides by
 * the weight of the whole batch, which has to be known before the first slice.
 */
#include "gradus.h"

#include <math.h>
#include <string.h>

static int gather_labels(gradus_node *n, gradus_rows r)
{
    size_t S = (size_t)n->size;

    for (int i = r.from; i < r.from + r.n; i++) {
        size_t row = (size_t)r.index[i];
        memcpy(n->label + (size_t)i * S, n->fed.labels + row * S,
               S * sizeof *n->label);
    }
    return 0;
}

static int gather_weights(gradus_node *n, gradus_rows r)
{
    for (int i = r.from; i < r.from + r.n; i++) {
        gradus_real w = n->fed.x[r.index[i]];
        if (!(w >= 0 && isfinite(w)))
            return gradus_fail(n, "sample %d: weight %g, finite and at least "
                               "0 wanted", r.index[i], (double)w), -1;
        n->y[i] = w;
    }
    return 0;
}

static gradus_node *make_labels(gradus_graph *g, gradus_node *const *in,
                                int n_in, const gradus_attr *a)
{
    (void)in, (void)n_in;
    return gradus_labels(g, gradus_attr_int(a, "positions", 0));
}

static gradus_node *make_weights(gradus_graph *g, gradus_node *const *in,
                                 int n_in, const gradus_attr *a)
{
    (void)in, (void)n_in, (void)a;
    return gradus_row_weights(g);
}

const gradus_op gradus_labels_op = {
    .name = "labels", .prepare = gather_labels, .make = make_labels,
};

const gradus_op gradus_row_weights_op = {
    .name = "row_weights", .prepare = gather_weights, .make = make_weights,
};

gradus_node *gradus_labels(gradus_graph *g, int positions)
{
    gradus_node *n = gradus_append(g, &gradus_labels_op, sizeof *n, 0, NULL);

    if (n)
        n->kind = GRADUS_LABELS;
    n = gradus_shape(n, 1, &positions);
    return gradus_set_attr(n, "positions", 1, &(double){ positions });
}

gradus_node *gradus_row_weights(gradus_graph *g)
{
    gradus_node *n =
        gradus_append(g, &gradus_row_weights_op, sizeof *n, 0, NULL);

    if (n)
        n->kind = GRADUS_WEIGHTS;
    return gradus_shape(n, 1, &(int){ 1 });
}
