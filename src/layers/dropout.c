/* dropout.c -- dropout: sets values to 0 at random in training, and scales up
 * the others so that the expected value of y is x.
 *
 *   y = x m / (1 - p)           m = 0 with probability p, else 1
 *
 *   dx += dy m / (1 - p)        x, y, m [B,size] of one shape
 *
 * Srivastava et al. 2014, but scaled in training, so that inference is y = x.
 * The mask m is not kept: backward draws the same numbers again.  They depend
 * on the graph's seed, the number of backward passes before, the row's number
 * in the batch, and the node, but not on the thread.
 */
#include "gradus_layer.h"

#include <string.h>

typedef struct {
    gradus_node node;
    double p; /* the probability that a value becomes 0, from 0 to below 1 */
} dropout_node;

/* The node with the id i draws its random numbers from stream STREAM + i. */
enum { STREAM = 1 << 16 };

/* Returns the stream of random numbers of one row, at its first number. */
static gradus_random numbers(const gradus_node *n, const gradus_batch *b,
                             int row)
{
    gradus_random random;

    gradus_random_init(&random, b->seed, STREAM + (uint32_t)n->id,
                       b->pass << 32 | (uint32_t)(b->first + row));
    return random;
}

/* to [size] += from [size] m / (1 - p), for one row.  m is 1 where a random
 * number of 32 bits is at least p 2^32. */
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

/* to [B,size] += from [B,size] m / (1 - p), for the rows of the part p: with x
 * and y this is forward, and with dy and dx it is backward. */
static void mask_rows(gradus_node *n, gradus_part p, gradus_real *from,
                      gradus_real *to)
{
    size_t size = (size_t)n->size;

    for (int i = p.row; i < p.row + p.rows; i++)
        add_masked((const dropout_node *)n, numbers(n, p.batch, i),
                   from + (size_t)i * size, to + (size_t)i * size);
}

static void forward(gradus_node *n, gradus_part p)
{
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
    gradus_real *y = gradus_row(n->y, p, n->size);
    size_t bytes = gradus_count(p, n->size) * sizeof *y;

    if (!p.batch->training) {
        memcpy(y, x, bytes);
        return;
    }
    memset(y, 0, bytes);
    mask_rows(n, p, n->in[0]->y, n->y);
}

static void backward(gradus_node *n, gradus_part p)
{
    mask_rows(n, p, n->dy, n->in[0]->dy);
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
        return gradus_fail(n, "the probability is %g; must be at least 0 and "
                           "below 1", p);
    ((dropout_node *)n)->p = p;
    n = gradus_set_attr(n, "p", 1, &p);
    return gradus_set_shape(n, x->rank, x->shape);
}
