/* dropout.c -- values left out at random in training.
 *
 *   y = x m / (1 - p)           m 0 with probability p, else 1
 *
 *   dx += dy m / (1 - p)
 *
 * Srivastava et al. 2014, scaled in training, so that inference is y = x.  The
 * numbers m are made anew by backward rather than kept: (seed, pass, row) and
 * the node decide them.
 */
#include "gradus.h"

#include <string.h>

typedef struct {
    gradus_node node;
    double p;
} dropout_node;

enum { STREAM = 1 << 16 }; /* of random numbers, the first node's */

static gradus_random numbers(const gradus_node *n, gradus_rows r, int row)
{
    gradus_random random;

    gradus_random_init(&random, r.seed, STREAM + (uint32_t)n->id,
                       r.pass << 32 | (uint32_t)row);
    return random;
}

/* to += from m / (1 - p), for one row. */
static void add_masked(const dropout_node *d, gradus_random random,
                       const gradus_real *from, gradus_real *to)
{
    const gradus_real scale = (gradus_real)(1 / (1 - d->p));
    const uint32_t least = (uint32_t)(d->p * 4294967296.0);

    for (int i = 0; i < d->node.size; i++) {
        gradus_real m = gradus_random_u32(&random) >= least ? scale : 0;
        to[i] += m * from[i];
    }
}

static void forward(gradus_node *n, gradus_rows r)
{
    const dropout_node *d = (const dropout_node *)n;
    size_t size = (size_t)n->size;

    if (!r.training) {
        memcpy(gradus_row(n->y, r, n->size),
               gradus_row(n->in[0]->y, r, n->size),
               (size_t)r.n * size * sizeof *n->y);
        return;
    }
    memset(gradus_row(n->y, r, n->size), 0, (size_t)r.n * size * sizeof *n->y);
    for (int i = r.from; i < r.from + r.n; i++)
        add_masked(d, numbers(n, r, i), n->in[0]->y + (size_t)i * size,
                   n->y + (size_t)i * size);
}

static void backward(gradus_node *n, gradus_rows r)
{
    size_t size = (size_t)n->size;

    for (int i = r.from; i < r.from + r.n; i++)
        add_masked((const dropout_node *)n, numbers(n, r, i),
                   n->dy + (size_t)i * size, n->in[0]->dy + (size_t)i * size);
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    (void)g;
    return gradus_dropout(n_in ? in[0] : NULL, gradus_attr_double(a, "p", -1));
}

const gradus_op gradus_dropout_op = {
    .name = "dropout", .forward = forward, .backward = backward, .make = make,
};

gradus_node *gradus_dropout(gradus_node *x, double p)
{
    gradus_node *n =
        gradus_append(NULL, &gradus_dropout_op, sizeof(dropout_node), 1, &x);

    if (!n)
        return NULL;
    if (!(p >= 0 && p < 1))
        return gradus_fail(n, "probability %g, 0 to below 1 wanted", p);
    ((dropout_node *)n)->p = p;
    n = gradus_set_attr(n, "p", 1, &p);
    return gradus_shape(n, x->rank, x->shape);
}
