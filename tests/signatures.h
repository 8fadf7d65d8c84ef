/* signatures.h -- pools and losses that differ in their options, each pair
 * behind one signature, so that a table of cases can hold both. */
#ifndef SIGNATURES_H
#define SIGNATURES_H

#include <gradus.h>

/* Pools that take the stride and the padding as arguments. */
static inline gradus_node *maxpool(gradus_node *in, int kernel, int stride,
                                   int padding)
{
    return gradus_maxpool2d(in, kernel,
                            &(gradus_pool2d_options){ stride, padding });
}

static inline gradus_node *avgpool(gradus_node *in, int kernel, int stride,
                                   int padding)
{
    return gradus_avgpool2d(in, kernel,
                            &(gradus_pool2d_options){ stride, padding });
}

/* gradus_mse with the options of gradus_huber. */
static inline gradus_node *mse(gradus_node *y, gradus_node *t,
                               const gradus_huber_options *o)
{
    return gradus_mse(y, t, o ? &(gradus_mse_options){ o->reduction,
                                                       o->row_weight }
                              : NULL);
}

#endif
