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
#include "kernels/random_numbers.h"
#include "layers/shape.h"

#include <string.h>

/* The node with the id i draws its random numbers from stream STREAM + i. */
enum { STREAM = 1 << 16 };

/* How many random numbers are drawn together. */
enum { DRAWN = 256 };

/* to = from m / (1 - p) or, with add, to += that, for numbers of one row, at
 * most DRAWN.  m is 1 where a random number of 32 bits is at least `least`. */
static void mask(gradus_random *random, uint32_t least, gradus_real scale,
                 bool add, int count, const gradus_real *from, gradus_real *to)
{
    uint32_t number[DRAWN];

    gradus_random_numbers(gradus_simd_here(), random, (size_t)count, number);
    for (int i = 0; i < count; i++) {
        gradus_real m = number[i] >= least ? scale : 0;
        to[i] = (add ? to[i] : 0) + m * from[i];
    }
}

/* Masks the rows [rows,size] of a part: with x and y this is forward, and with
 * dy and dx it is backward.  Each row has random numbers of its own (D3). */
static void mask_rows(const gradus_node *n, gradus_part part, bool add,
                      const gradus_real *from, gradus_real *to)
{
    const gradus_batch *b = part.batch;
    const double p = gradus_attr_double(n->attr, "p", 0);
    const gradus_real scale = (gradus_real)(1 / (1 - p));
    const uint32_t least = (uint32_t)(p * 4294967296.0);
    gradus_random random;

    for (int row = 0; row < part.rows; row++) {
        gradus_random_init(&random, b->seed, STREAM + (uint32_t)n->id,
                           b->pass << 32 |
                               (uint32_t)(b->first + part.row + row));
        for (int left = n->size, count; left > 0; left -= count) {
            count = left < DRAWN ? left : DRAWN;
            mask(&random, least, scale, add, count, from, to);
            from += count;
            to += count;
        }
    }
}

static void forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    if (!p.batch->training) {
        memcpy(r.y, r.x, r.n * sizeof *r.y);
        return;
    }
    mask_rows(n, p, false, r.x, r.y);                           /* (D1) */
}

static void backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    mask_rows(n, p, !n->first[0], r.dy, r.dx);                  /* (D2) */
}

static gradus_node *make(const gradus_saved *s)
{
    return gradus_dropout(s->in[0], gradus_attr_double(s->attr, "p", -1));
}

const gradus_op gradus_dropout_op = {
    .name = "dropout", .forward = forward, .backward = backward, .make = make,
    .sets_dx = true,
};

gradus_node *gradus_dropout(gradus_node *x, double p)
{
    gradus_node *n = gradus_append_alike(&gradus_dropout_op, x);

    if (n && !(p >= 0 && p < 1))
        return gradus_fail(n, "the probability is %g; must be at least 0 and "
                           "below 1", p);
    return gradus_set_attr(n, "p", 1, &p);
}
