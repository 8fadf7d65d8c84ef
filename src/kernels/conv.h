/* conv.h -- the convolution of one group of channels of one sample, and the
 * ways to do it.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] x[c, s i + u - p, s j + v - p]
 *
 * conv_plain.c does what this equation says.  The other ways do it faster, but
 * each with some settings only; up to rounding the result is the same.
 */
#ifndef GRADUS_CONV_H
#define GRADUS_CONV_H

#include "kernels/simd.h"

#include "gradus.h"

#include <stdbool.h>

/* What is computed.  The channels of x and y are cut into groups that do not
 * see each other; sizes are those of one group.  The result z is y; with relu,
 * y where that is above 0, and else 0; with max2, the maxima of y over squares
 * of 2 x 2 side by side, a last odd line or column being left out; with both,
 * the one of the other. */
typedef struct {
    int in, height, width;          /* x [in,height,width]          */
    int out, out_height, out_width; /* y [out,out_height,out_width] */
    int kernel, stride, padding, groups;
    bool relu, max2;
    gradus_simd simd;               /* which version of a kernel to take */
    const gradus_real *W;           /* [groups,out,in,kernel,kernel]     */
    const gradus_real *b;           /* [groups,out], or NULL             */
} gradus_conv;

/* Height and width of z. */
static inline int gradus_conv_height(const gradus_conv *c)
{
    return c->max2 ? c->out_height / 2 : c->out_height;
}

static inline int gradus_conv_width(const gradus_conv *c)
{
    return c->max2 ? c->out_width / 2 : c->out_width;
}

/* Numbers of x, z and W. */
static inline size_t gradus_conv_x_size(const gradus_conv *c)
{
    return (size_t)c->in * (size_t)c->height * (size_t)c->width;
}

static inline size_t gradus_conv_z_size(const gradus_conv *c)
{
    return (size_t)c->out * (size_t)gradus_conv_height(c) *
           (size_t)gradus_conv_width(c);
}

static inline size_t gradus_conv_weights(const gradus_conv *c)
{
    return (size_t)c->out * (size_t)c->in * (size_t)c->kernel *
           (size_t)c->kernel;
}

/* The arrays of one group of one sample.  Going back, dz is the gradient with
 * respect to z; but with a ReLU and no maximum, the caller has set it to 0
 * wherever the ReLU let nothing through. */
typedef struct {
    int group;
    const gradus_real *x;  /* [in,height,width]                           */
    gradus_real *z;        /* [out,h,w], gradus_conv_height() x _width()  */
    /* [out,h,w] with max2, or NULL if there is no way back: which of the four
     * numbers is the maximum, line by line, or 4 where the ReLU is closed.  Of
     * equal numbers it is the first. */
    uint8_t *argmax;
    const gradus_real *dz; /* [out,h,w]                                   */
    gradus_real *dW;       /* [out,in,kernel,kernel]: dW += ..            */
    gradus_real *db, *dx;  /* like b, x, or NULL: db += .., dx += ..      */
} gradus_conv_sample;

/* Forward makes z and argmax of x; backward makes dW, db and dx of x, dz and
 * argmax.  A way may lead in one direction only: its other pass is NULL. */
typedef void gradus_conv_pass(const gradus_conv *c,
                              const gradus_conv_sample *s,
                              gradus_real *scratch);

typedef struct {
    const char *name;
    bool (*fits)(const gradus_conv *c);      /* can it do what c asks for? */
    size_t (*scratch)(const gradus_conv *c); /* numbers a pass needs       */
    /* Before the first forward, or backward, of any samples with this W; all
     * of them have the same scratch memory.  After the last backward, dW
     * [groups,out,in,kernel,kernel] += what is still in the scratch memory.
     * NULL: nothing to do. */
    void (*begin)(const gradus_conv *c, gradus_real *scratch);
    gradus_conv_pass *forward;
    void (*begin_back)(const gradus_conv *c, gradus_real *scratch);
    gradus_conv_pass *backward;
    void (*end_back)(const gradus_conv *c, const gradus_real *scratch,
                     gradus_real *dW);
} gradus_conv_way;

extern const gradus_conv_way gradus_conv_plain, gradus_conv_gemm,
    gradus_conv_vectors, gradus_conv_max2, gradus_conv_nonzero;

/* The fastest way forward or back that fits c, if dz may be anything; and is
 * this one, of n numbers, so sparse that conv_nonzero.c is faster still? */
const gradus_conv_way *gradus_conv_best(const gradus_conv *c, bool back);
bool gradus_conv_is_sparse(const gradus_real *dz, size_t n);

#endif
