/* windows.c -- the windows of a convolution or a pooling: checks their
 * settings, and counts them.  layers.h has the formula. */
#include "layers/layers.h"

#include <inttypes.h>

/* Fails unless the settings make sense for the operand x of n. */
static gradus_node *check(gradus_node *n, int kernel, int stride, int padding,
                          int limit)
{
    const gradus_node *x = n->in[0];

    if (x->rank != 3)
        return gradus_fail(n, "%s has rank %d; must be 3, as "
                           "[channels,height,width]", x->name, x->rank);
    if (kernel < 1)
        return gradus_fail(n, "the kernel is %d; must be at least 1", kernel);
    if (stride < 1)
        return gradus_fail(n, "stride is %d; must be at least 1", stride);
    if (padding < 0 || padding >= limit)
        return gradus_fail(n, "padding is %d; must be 0 to %d for a kernel of "
                           "%d", padding, limit - 1, kernel);
    return n;
}

gradus_node *gradus_set_windows(gradus_node *n, int channels, int kernel,
                                int stride, int padding, int limit)
{
    if (!n || !check(n, kernel, stride, padding, limit))
        return NULL;
    const gradus_node *x = n->in[0];
    int shape[] = { channels, 0, 0 };
    for (int i = 1; i < 3; i++) {
        int64_t room = x->shape[i] + 2 * (int64_t)padding - kernel;
        if (room < 0)
            return gradus_fail(n, "the kernel of %d is larger than %s "
                               "[%d,%d,%d] with a padding of %d", kernel,
                               x->name, x->shape[0], x->shape[1], x->shape[2],
                               padding);
        if (room / stride >= INT32_MAX)
            return gradus_fail(n, "%s [%d,%d,%d] with a padding of %d has "
                               "%" PRId64 " windows of %d along an axis; must "
                               "have at most %d: pass a smaller padding, or a "
                               "larger stride", x->name, x->shape[0],
                               x->shape[1], x->shape[2], padding,
                               room / stride + 1, kernel, INT32_MAX);
        shape[i] = (int)(room / stride) + 1;
    }
    n = gradus_set_attr(n, "stride", 1, &(double){ stride });
    n = gradus_set_attr(n, "padding", 1, &(double){ padding });
    return gradus_set_shape(n, 3, shape);
}
