/* shape.h -- what constructors of several layers do with shapes, and the
 * arrays of a layer whose y has the size of x. */
#ifndef GRADUS_SHAPE_H
#define GRADUS_SHAPE_H

#include "gradus_layer.h"

/* Makes a node with the operand x and x's shape.  NULL, with a message, if it
 * cannot be made. */
gradus_node *gradus_append_alike(const gradus_op *op, gradus_node *x);

/* Sets n's shape, and records it in n's settings.  Returns n, or NULL with a
 * message. */
gradus_node *gradus_set_saved_shape(gradus_node *n, int rank,
                                    const int *shape);
/* Reads such a shape from the settings of a model file.  Returns its rank,
 * which may be anything.  An axis that is not there, or that no int can
 * hold, is 0, which gradus_set_shape refuses. */
int gradus_saved_shape(const gradus_attr *a, int shape[GRADUS_MAX_RANK]);

/* Returns n if its operands a and b have the same rank and the same axes from
 * axis `first` on, which is 0 or 1; NULL, with a message, if not. */
gradus_node *gradus_same_axes(gradus_node *n, const gradus_node *a,
                              const gradus_node *b, int first);

/* The rows of a part, n numbers in each array: the operand's x and dx, and the
 * node's own y and dy, which have the same size.  dx and dy are NULL if no
 * gradient is wanted. */
typedef struct {
    size_t n;
    gradus_real *x, *y, *dx, *dy;
    bool set; /* the op has sets_dx, and dx is to be set: see gradus_pass */
} gradus_rows;

static inline gradus_rows gradus_rows_of(const gradus_node *n, gradus_part p)
{
    return (gradus_rows){ .n = gradus_count(p, n->size),
                          .x = gradus_row(n->in[0]->y, p, n->size),
                          .y = gradus_row(n->y, p, n->size),
                          .dx = gradus_row(n->in[0]->dy, p, n->size),
                          .dy = gradus_row(n->dy, p, n->size),
                          .set = n->first[0] };
}

/* Passes d back to number i of the operand: dx[i] += d (B1), or dx[i] = d
 * where dx is to be set. */
static inline void gradus_pass(const gradus_rows *r, size_t i, gradus_real d)
{
    r->dx[i] = (r->set ? 0 : r->dx[i]) + d;
}

#endif
