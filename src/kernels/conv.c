/* conv.c -- chooses the way to compute a convolution: by its settings, by the
 * number of samples and, in the backward pass, by how many numbers of each dz
 * are 0.
 *
 * The table says how many times as long a training step takes without one of
 * the ways: without nonzero, max2 goes too, as it has no backward pass;
 * without another, all others remain.
 *
 *             cnn-8-16    lenet     convnet   residual   strided      few
 *   nonzero   2.2  1.9   1.1  1.1   1.0  1.0   1.0  1.0   1.4  1.4   1.7  2.1
 *   vectors   1.0  1.0   1.0  1.0   1.0  1.0   1.0  1.0   1.0  1.0   1.2  1.7
 *   direct    1.0  1.0   1.0  1.0   1.0  1.0   1.0  1.0   1.2  1.2   1.0  1.0
 *   winograd  1.0  1.0   1.0  1.0   1.7  1.7   1.8  1.8   1.0  1.0   1.0  1.0
 *   max2      1.5  1.2   1.2  1.0   1.0  1.0   1.0  1.0   1.0  1.0   1.0  1.0
 *
 * The first number of a pair was measured with AVX-512 on an AMD EPYC (Zen 4),
 * the second on the same machine with kernels for AVX2, the library's own and
 * OpenBLAS's.  They are medians of 6 interleaved rounds, with one thread and
 * mini-batches of 64.  cnn-8-16 is the network of bench/steps.c; strided is
 * that of bench/nets.py; few is, in the words of the same file, "3x32x32
 * conv12k5p2 relu conv6k5p2 relu gap dense10"; the others are in
 * programs/shared/nets.c.  gemm, for very many weights, is never the best way
 * in them.  In LeNet-5, whose second convolution makes 16 channels from 6 of
 * 14 x 14 numbers, it would be: without vectors, a step is 1.1 times as fast
 * there with AVX-512, and as fast as with them with AVX2. */
#include "kernels/conv.h"
#include "kernels/conv_layout.h"
#include "kernels/winograd.h"

#include <limits.h>

/* From the slowest to the fastest in most nets: the last way that pays is
 * taken. */
static const gradus_conv_way *const ways[] = {
    &gradus_conv_nonzero, &gradus_conv_gemm, &gradus_conv_vectors,
    &gradus_conv_direct, &gradus_conv_winograd, &gradus_conv_max2,
    &gradus_conv_either,
};

enum { AVX2_LANES = 8, AVX512_LANES = 16 }; /* floats in a vector */

/* The most packed weights that a workspace keeps.  With them, a single row
 * takes 0.6 to 0.85 times as long in nets of few weights, on an Intel Xeon
 * with AVX-512.  Where weights are many, packing them anew is as fast as
 * reading packed ones, and faster beyond 2^16 of them; conv_winograd.c has
 * four times as many as there are in W. */
enum { MOST_CACHED = 1 << 15 };

/* Do x and y have channels enough to fill vectors of n? */
static bool fills(const gradus_conv *c, int n)
{
    return c->in >= n && c->out >= n;
}

/* Do the weights, up to 1 MB of floats, stay in the second-level cache?  That
 * matters to ways that read all of them for each sample.  With a stride, twice
 * as many are taken if the samples make up for bringing W into the order of
 * gradus_conv_direct: OpenBLAS would need columns there. */
static bool is_small(const gradus_conv *c)
{
    const bool repaid = c->stride > 1 && c->samples >= 16;

    return gradus_conv_weights(c) <= 1 << (repaid ? 19 : 18);
}

/* Can gradus_conv_winograd compute c, maxima apart, with at most 1/n of the
 * multiplications of the other ways?  For a kernel of 3, U and dU have four
 * times the numbers of W, in each thread: 75 MB at the limit of 512 x 512
 * channels. */
static bool is_fewer(const gradus_conv *c, double n)
{
    gradus_conv y = *c;

    y.max2 = false;
    if (!gradus_conv_winograd.fits(&y) || !fills(c, AVX2_LANES) ||
        (int64_t)c->in * c->out > 1 << 18)
        return false;
    const gradus_winograd w = gradus_winograd_of(&y);
    return n * WINOGRAD_VALUES * w.down * w.across <=
           (double)c->kernel * c->kernel * c->out_height * c->out_width;
}

/* Are there enough samples to make up for turning W into U?  For each pair of
 * channels, that takes as long as some 350 multiplications, measured on an
 * Intel Xeon with AVX-512; and the larger U is, the farther from the processor
 * it has to be kept. */
static bool is_repaid(const gradus_conv *c)
{
    const gradus_winograd w = gradus_winograd_of(c);
    const double all = (double)c->kernel * c->kernel * c->out_height *
                       c->out_width;
    const double left_out = all - (double)WINOGRAD_VALUES * w.down * w.across;

    return c->samples * left_out >= 350 &&
           (int64_t)c->in * c->out <= (int64_t)c->samples << 14;
}

/* Does it pay to compute c in this way?  gradus_conv_direct has vectors of
 * channels of y; for few channels of x without a stride, gradus_conv_vectors
 * is as fast.  Where gradus_conv_winograd fills its vectors and leaves out
 * two of three multiplications, it gains more than gradus_conv_max2 does. */
static bool pays(const gradus_conv_way *way, const gradus_conv *c)
{
    return way->fits(c) &&
           (way != &gradus_conv_direct ||
            (is_small(c) && c->out >= AVX2_LANES &&
             (c->stride > 1 || c->in >= AVX2_LANES))) &&
           (way != &gradus_conv_vectors || is_small(c)) &&
           (way != &gradus_conv_winograd ||
            (is_fewer(c, 1.5) && is_repaid(c))) &&
           (way != &gradus_conv_max2 || !fills(c, AVX512_LANES) ||
            !is_fewer(c, 3));
}

const gradus_conv_way *gradus_conv_best(const gradus_conv *c, bool back)
{
    for (int k = sizeof ways / sizeof *ways - 1; k >= 0; k--)
        if ((back ? ways[k]->backward : ways[k]->forward) && pays(ways[k], c))
            return ways[k];
    return NULL;
}

size_t gradus_conv_packed(const gradus_conv_way *way, const gradus_conv *c)
{
    return way->packed ? gradus_conv_round(way->packed(c)) : 0;
}

/* Returns c with one sample, or with very many if k is 1.  Only is_repaid and
 * is_small depend on their number.  So any number of samples is computed in
 * the way of a single one, or in the way of very many. */
static gradus_conv with_samples(gradus_conv c, int k)
{
    c.samples = k ? INT_MAX : 1;
    return c;
}

size_t gradus_conv_cache(const gradus_conv *c)
{
    size_t most = 0;

    for (int k = 0; k < 2; k++) {
        const gradus_conv any = with_samples(*c, k);
        size_t n = gradus_conv_packed(gradus_conv_best(&any, false), &any);
        most = n <= MOST_CACHED ? larger_size(n, most) : most;
    }
    return most;
}

size_t gradus_conv_scratch(const gradus_conv *c)
{
    size_t most = 0;

    for (int k = 0; k < 2; k++) {
        const gradus_conv any = with_samples(*c, k);
        const gradus_conv_way *way = gradus_conv_best(&any, false);
        most = larger_size(most, gradus_conv_packed(way, &any) +
                                     way->scratch(&any));
        most = larger_size(most,
                           gradus_conv_best(&any, true)->scratch(&any));
    }
    return most;
}

/* ---- back through a dz that may be mostly 0 --------------------------- */

/* Sets dy [n] to dz [n], but to 0 where the ReLU's output z [n] is not above
 * 0.  Returns how many numbers of dy are not 0. */
static size_t mask(size_t n, const gradus_real *restrict dz,
                   const gradus_real *restrict z, gradus_real *restrict dy)
{
    int count = 0;

    for (size_t i = 0; i < n; i++) {
        gradus_real d = dz[i]; /* always read, so no branch is needed */
        gradus_real passed = z[i] > 0 ? d : 0;
        dy[i] = passed;
        count += passed != 0;
    }
    return (size_t)count;
}

/* Returns how many numbers of dz [n] are not 0. */
static size_t count_nonzeros(size_t n, const gradus_real *dz)
{
    int count = 0;

    for (size_t i = 0; i < n; i++)
        count += dz[i] != 0;
    return (size_t)count;
}

/* Returns the way for a dense dz: without max2, each way that goes forward
 * goes back, too, and there is one, as gradus_conv_gemm fits every c; GCC's
 * analyser does not know that. */
static const gradus_conv_way *dense(const gradus_conv *c)
{
    const gradus_conv_way *way = gradus_conv_best(c, false);

    return way ? way : &gradus_conv_gemm;
}

/* Is conv_nonzero.c faster than the way for a dense dz if only n numbers of dz
 * are not 0?  It goes through them one by one; with channels enough to fill
 * their vectors, gradus_conv_direct and gradus_conv_winograd multiply several
 * times as fast as it does. */
static bool is_sparse(const gradus_conv *c, const gradus_conv_way *dense_way,
                      size_t n)
{
    const bool fast = fills(c, AVX512_LANES) &&
                      (dense_way == &gradus_conv_direct ||
                       dense_way == &gradus_conv_winograd);

    return gradus_conv_nonzero.fits(c) &&
           n <= gradus_conv_z_size(c) / (fast ? 8 : 3);
}

static bool fits(const gradus_conv *c)
{
    return !c->max2;
}

/* How many numbers of scratch memory gradus_conv_nonzero gets. */
static size_t nonzero_scratch(const gradus_conv *c)
{
    return gradus_conv_nonzero.fits(c) ? gradus_conv_nonzero.scratch(c) : 0;
}

/* What the scratch memory begins with.  In each pair, the first belongs to the
 * way for a dense dz, the second to gradus_conv_nonzero. */
typedef struct {
    gradus_real *scratch[2];
    gradus_real *dy; /* [out,h,w], with relu */
    bool begun[2];   /* each way is begun only once it is needed */
} state;

enum { STATE = 32 }; /* numbers with room for it: whole vectors */

static size_t scratch_size(const gradus_conv *c)
{
    return STATE + dense(c)->scratch(c) + nonzero_scratch(c) +
           (c->relu ? gradus_conv_z_size(c) : 0);
}

static void begin_back(const gradus_conv *c, gradus_real *scratch)
{
    state *b = (state *)scratch;

    *b = (state){ .scratch = { scratch + STATE } };
    b->scratch[1] = b->scratch[0] + dense(c)->scratch(c);
    b->dy = b->scratch[1] + nonzero_scratch(c);
}

static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    state *b = (state *)scratch;
    const size_t n = gradus_conv_z_size(c);
    const gradus_conv_way *way = dense(c);
    gradus_conv_sample y = *s;
    size_t nonzeros;

    if (c->relu) {
        nonzeros = mask(n, s->dz, s->z, b->dy);
        y.dz = b->dy;
    } else
        nonzeros = count_nonzeros(n, s->dz);
    const bool sparse = is_sparse(c, way, nonzeros);
    if (sparse)
        way = &gradus_conv_nonzero;
    if (!b->begun[sparse] && way->begin_back)
        way->begin_back(c, b->scratch[sparse]);
    b->begun[sparse] = true;
    way->backward(c, &y, b->scratch[sparse]);
}

static void end_back(const gradus_conv *c, gradus_real *scratch,
                     gradus_real *dW)
{
    const state *b = (const state *)scratch;

    if (b->begun[0] && dense(c)->end_back)
        dense(c)->end_back(c, b->scratch[0], dW);
    if (b->begun[1])
        gradus_conv_nonzero.end_back(c, b->scratch[1], dW);
}

const gradus_conv_way gradus_conv_either = {
    .name = "either", .fits = fits, .scratch = scratch_size,
    .begin_back = begin_back, .backward = backward, .end_back = end_back,
};
