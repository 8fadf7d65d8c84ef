/* conv.h -- the convolution of one group of channels of one sample, and the
 * ways (algorithms) that compute it.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] x[c, s i + u - p, s j + v - p]
 *
 * with stride s and padding p.  conv_plain.c is this equation in loops.
 * The other ways are faster, but each works for some settings only.  Up to
 * rounding, all have the same result.  How many samples there are may decide
 * on the way and, in conv_gemm.c, on how a result is rounded. */
#ifndef GRADUS_CONV_H
#define GRADUS_CONV_H

#include "kernels/simd.h"

#include "gradus.h"

/* The convolution to compute.  The channels of x and y are divided into
 * groups, and each group of y sees only its own group of x; the sizes are
 * those of one group.  The kernel, of kernel x kernel numbers, the stride and
 * the padding are the same for both axes.
 *
 * The result is called z.  Without relu and max2 it is y.  With relu it is
 * max(0, y).  With max2 it is the maxima of y over squares of 2 x 2 side by
 * side (max pooling), where a last odd line or column is left out.  With
 * both it is max(0, those maxima). */
typedef struct {
    int in, height, width;          /* x [in,height,width]          */
    int out, out_height, out_width; /* y [out,out_height,out_width] */
    int kernel, stride, padding, groups;
    int samples;                    /* how many are computed with one W */
    bool relu, max2;                /* what is done to y, see above      */
    gradus_simd simd;               /* the instruction set to use        */
    const gradus_real *W;           /* [groups,out,in,kernel,kernel]     */
    const gradus_real *packed;      /* W as the way packs it: forward    */
    const gradus_real *b;           /* [groups,out], or NULL             */
} gradus_conv;

/* The height and the width of z. */
static inline int gradus_conv_height(const gradus_conv *c)
{
    return c->max2 ? c->out_height / 2 : c->out_height;
}

static inline int gradus_conv_width(const gradus_conv *c)
{
    return c->max2 ? c->out_width / 2 : c->out_width;
}

/* How many numbers x, z and W have in one group. */
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

/* Where in the W of a group is W[o,ch,u,v]? */
static inline size_t gradus_conv_in_W(const gradus_conv *c, int o, int ch,
                                      int u, int v)
{
    const size_t in = (size_t)c->in, k = (size_t)c->kernel;

    return (((size_t)o * in + (size_t)ch) * k + (size_t)u) * k + (size_t)v;
}

/* The arrays of one group of one sample, all owned by the caller; h is
 * gradus_conv_height(), w is gradus_conv_width().
 *
 * argmax says which of the four numbers of y is the maximum, counted line by
 * line: 0 to 3, the first if several are equal, or 4 if the ReLU lets none
 * through.  It is NULL without max2, and where no backward pass will follow.
 *
 * dz is the gradient with respect to z; but with relu and without max2, all
 * ways but gradus_conv_either expect it to be 0 where the ReLU let nothing
 * through.  gradus_conv_either sets it so before it calls one of them. */
typedef struct {
    int group;
    const gradus_real *x;  /* [in,height,width]                      */
    gradus_real *z;        /* [out,h,w]                              */
    uint8_t *argmax;       /* [out,h,w], or NULL                     */
    const gradus_real *dz; /* [out,h,w]                              */
    gradus_real *dW;       /* [out,in,kernel,kernel], is added to    */
    gradus_real *db;       /* [out], is added to, or NULL            */
    gradus_real *dx;       /* like x, is added to or set, or NULL    */
    bool set_dx;           /* what dx held means nothing: it is set  */
} gradus_conv_sample;

/* One pass over one group of one sample.  The forward pass reads x and writes
 * z and argmax.  The backward pass reads x, z, argmax and dz, adds to dW and
 * db, and adds to dx or sets it.  What is read, and s itself, is read before
 * the call returns.  A way may delay what it writes until end or end_back. */
typedef void gradus_conv_pass(const gradus_conv *c,
                              const gradus_conv_sample *s,
                              gradus_real *scratch);

/* A way of computing the forward pass, the backward pass, or both: the pass
 * that it lacks is NULL.  So are begin, end, begin_back and end_back where
 * there is nothing to do.  gradus_conv_plain computes any c without relu and
 * max2, and needs no memory: its fits and its scratch are NULL. */
typedef struct {
    const char *name;
    bool (*fits)(const gradus_conv *c);      /* Can it compute c?          */
    size_t (*scratch)(const gradus_conv *c); /* numbers of scratch memory  */
    /* Forward passes read W from c->packed, in an order that suits them.  pack
     * writes it there, `packed` numbers from a multiple of 64 bytes on.  Both
     * are NULL if forward reads W itself; backward never reads c->packed. */
    size_t (*packed)(const gradus_conv *c);
    void (*pack)(const gradus_conv *c, gradus_real *packed);
    /* begin is called before the first forward pass, begin_back before the
     * first backward pass.  Passes of any number of samples with the same W
     * may then follow, in the same scratch memory.  After the last one, end
     * writes what is still in the scratch memory; end_back does so, too, and
     * adds to dW [groups,out,in,kernel,kernel]. */
    void (*begin)(const gradus_conv *c, gradus_real *scratch);
    gradus_conv_pass *forward;
    void (*end)(const gradus_conv *c, gradus_real *scratch);
    void (*begin_back)(const gradus_conv *c, gradus_real *scratch);
    gradus_conv_pass *backward;
    void (*end_back)(const gradus_conv *c, gradus_real *scratch,
                     gradus_real *dW);
} gradus_conv_way;

extern const gradus_conv_way gradus_conv_plain, gradus_conv_gemm,
    gradus_conv_vectors, gradus_conv_max2, gradus_conv_nonzero,
    gradus_conv_direct, gradus_conv_winograd;

/* The backward pass without max2: through the samples whose dz is mostly 0 as
 * gradus_conv_nonzero, and through the others by the fastest other way. */
extern const gradus_conv_way gradus_conv_either;

/* Returns the way that is expected to be the fastest for the forward pass of
 * c or, with back, for its backward pass.  Returns NULL for some c with max2:
 * where no way fits, and where pooling apart is expected to be faster. */
const gradus_conv_way *gradus_conv_best(const gradus_conv *c, bool back);

/* Rounds n up to a multiple of 32 numbers.  So whatever lies behind n numbers
 * that begin at a multiple of 64 bytes begins at one, too. */
static inline size_t gradus_conv_round(size_t n)
{
    return (n + 31) / 32 * 32;
}

/* Returns how many numbers a way needs for packed weights, rounded up by
 * gradus_conv_round; 0 if it needs none. */
size_t gradus_conv_packed(const gradus_conv_way *way, const gradus_conv *c);

/* Returns how many numbers are enough for the packed weights of c, whatever
 * c->samples is; but not for more than 2^15, which are too many to be kept: 0
 * if all are more. */
size_t gradus_conv_cache(const gradus_conv *c);

/* Returns how many numbers of scratch memory, which begins at a multiple of 64
 * bytes, are enough for the fastest way forward with its packed weights, and
 * for the fastest way back, which may use the same memory later; whatever
 * c->samples is. */
size_t gradus_conv_scratch(const gradus_conv *c);

#endif
