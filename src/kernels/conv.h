/* conv.h -- the convolution of one group of channels of one sample, and ways
 * to compute it.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] x[c, s i + u - p, s j + v - p]
 *
 * conv_plain.c is this equation in loops.  The other ways are faster, but each
 * is for some settings only; up to rounding, all have the same result.
 */
#ifndef GRADUS_CONV_H
#define GRADUS_CONV_H

#include "kernels/simd.h"

#include "gradus.h"

#include <stdbool.h>

/* What is computed.  The channels of x and y are cut into groups that do not
 * see each other; the sizes are those of one group.
 * The result is called z.  It is y; or with relu, max(0, y); or with max2, the
 * maxima of y over squares of 2 x 2 side by side, which leave out a last odd
 * line or column; or with both, max(0, those maxima). */
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

/* How many numbers x, z and W have. */
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

/* W [out,in,kernel,kernel] of a group. */
static inline const gradus_real *gradus_conv_W(const gradus_conv *c, int group)
{
    return c->W + (size_t)group * gradus_conv_weights(c);
}

/* The arrays of one group of one sample; h is gradus_conv_height(), w is
 * gradus_conv_width().
 * argmax says which of the four numbers of y is the maximum, counted line by
 * line; the first, if several are equal; 4, if the ReLU lets none through.  It
 * is NULL without max2, and where nobody will go back.
 * dz is the gradient with respect to z; but with relu and without max2, the
 * caller has set it to 0 where the ReLU let nothing through. */
typedef struct {
    int group;
    const gradus_real *x;  /* [in,height,width]                      */
    gradus_real *z;        /* [out,h,w]                              */
    uint8_t *argmax;       /* [out,h,w]                              */
    const gradus_real *dz; /* [out,h,w]                              */
    gradus_real *dW;       /* [out,in,kernel,kernel]: dW += ..       */
    gradus_real *db, *dx;  /* like b, x, or NULL: db += .., dx += .. */
} gradus_conv_sample;

/* A pass forward writes z and argmax; a pass back reads dz and argmax, and
 * adds to dW, db and dx. */
typedef void gradus_conv_pass(const gradus_conv *c,
                              const gradus_conv_sample *s,
                              gradus_real *scratch);

/* A way leads forward, back, or both: the pass that it lacks is NULL.  So are
 * begin, begin_back and end_back where there is nothing to do. */
typedef struct {
    const char *name;
    bool (*fits)(const gradus_conv *c);      /* Can it do what c asks for? */
    size_t (*scratch)(const gradus_conv *c); /* how many numbers it needs  */
    /* One of the two is called before the first pass in its direction.  All
     * passes of any samples with the same W may then follow, in the same
     * scratch memory; after the last one back, end_back adds to dW
     * [groups,out,in,kernel,kernel] what is still there. */
    void (*begin)(const gradus_conv *c, gradus_real *scratch);
    gradus_conv_pass *forward;
    void (*begin_back)(const gradus_conv *c, gradus_real *scratch);
    gradus_conv_pass *backward;
    void (*end_back)(const gradus_conv *c, const gradus_real *scratch,
                     gradus_real *dW);
} gradus_conv_way;

extern const gradus_conv_way gradus_conv_plain, gradus_conv_gemm,
    gradus_conv_vectors, gradus_conv_max2, gradus_conv_nonzero;

/* The fastest way forward, or back, that fits c. */
const gradus_conv_way *gradus_conv_best(const gradus_conv *c, bool back);

/* Are so many of dz's n numbers 0 that conv_nonzero.c is faster than any other
 * way back? */
bool gradus_conv_is_sparse(const gradus_real *dz, size_t n);

#endif
