/* windows.c -- checks the window of a convolution or a pooling, and counts how
 * many there are in an image.  layers.h has the formula. */
#include "layers/layers.h"

/* Fails unless the settings make sense for n's operand. */
static gradus_node *check(gradus_node *n, int kernel, int stride, int padding,
                          int most)
{
    const gradus_node *x = n->in[0];

    if (x->rank != 3)
        return gradus_fail(n, "%s has rank %d; must be 3, as "
                           "[channels,height,width]", x->name, x->rank);
    if (kernel < 1)
        return gradus_fail(n, "the kernel is %d; must be at least 1", kernel);
    if (stride < 1)
        return gradus_fail(n, "stride is %d; must be at least 1", stride);
    if (padding < 0 || padding > most)
        return gradus_fail(n, "padding is %d; must be 0 to %d for a kernel of "
                           "%d", padding, most, kernel);
    for (int i = 1; i < 3; i++)
        if (x->shape[i] + 2 * (int64_t)padding < kernel)
            return gradus_fail(n, "the kernel of %d is larger than %s "
                               "[%d,%d,%d] with a padding of %d", kernel,
                               x->name, x->shape[0], x->shape[1], x->shape[2],
                               padding);
    return n;
}

/* h or w, for an axis of x of length `size`. */
static int windows(int size, int kernel, int stride, int padding)
{
    return (int)((size + 2 * (int64_t)padding - kernel) / stride) + 1;
}

gradus_node *gradus_set_windows(gradus_node *n, int channels, int kernel,
                                int stride, int padding, int most)
{
    if (!n || !check(n, kernel, stride, padding, most))
        return NULL;
    const int *size = n->in[0]->shape;
    n = gradus_set_attr(n, "stride", 1, &(double){ stride });
    n = gradus_set_attr(n, "padding", 1, &(double){ padding });
    return gradus_set_shape(
        n, 3, (int[]){ channels, windows(size[1], kernel, stride, padding),
                       windows(size[2], kernel, stride, padding) });
}
