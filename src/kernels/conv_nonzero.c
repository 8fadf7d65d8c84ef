/* conv_nonzero.c -- the backward pass of a convolution where most of dy is 0.
 *
 * Where max pooling of 2 x 2 follows the convolution, three of four numbers of
 * dy are 0; with a ReLU as well, still more.  Each of the others, dy[o,i,j],
 * contributes
 *
 *   dW[o,c,u,v] += dy[o,i,j] x[c, s i + u - p, s j + v - p]
 *   db[o] += dy[o,i,j]
 *   dx[c, s i + u - p, s j + v - p] += dy[o,i,j] W[o,c,u,v]
 *
 * Here images are [row,column,channel] within a border of zeros, and weights
 * [o,u,v,c]: then line u of the kernel, k columns of `in` channels, is k in
 * numbers side by side in both.  It is cut into vectors of LANES numbers; what
 * the last vector has beyond the end of the line is 0 in W, and ignored in dW.
 *
 * begin_back copies W into this order.  dW is summed up in it over all
 * samples, and end_back adds it to the caller's.  The numbers of each dy[o]
 * that are not 0 are first listed with their places.  Each number is written
 * to the list, and the next overwrites it unless it counts: this avoids a
 * branch, which would be unpredictable.
 *
 * Unlike all other ways, this leaves out what is 0.  It has 210 lines of code;
 * without it, and so without max2, a training step takes 1.1 to 2.2 times as
 * long in nets where a ReLU or maxima follow a convolution directly, with no
 * normalisation between them (see conv.c).
 */
#include "kernels/channels_last.h"
#include "kernels/conv.h"

#include <string.h>

#ifdef __x86_64__
enum { LANES = 8 }; /* as AVX2 has; of AVX-512's 16 too many would be 0 */
#else
enum { LANES = 4 };
#endif

enum {
    AT_ONCE = 5, /* vectors whose sums are in registers together */
    LIST = 256,  /* positions that are listed together */
    MOST_WEIGHTS = 1 << 24 /* numbers of W, 64 MiB of floats */
};

typedef gradus_real lanes
    __attribute__((vector_size(LANES * sizeof(gradus_real)),
                   aligned(sizeof(gradus_real)), may_alias));

/* A non-zero number of dy, and where in the image the kernel is for it. */
typedef struct {
    int at;
    gradus_real dy;
} nonzero;

/* The parts of the scratch memory.  Places, counted in numbers, are ints: an
 * int takes no more room than a number. */
typedef struct {
    const gradus_conv *c;
    int ckk;        /* weights of one o */
    int per_line;   /* vectors in a line of the kernel */
    int vectors;    /* vectors in a kernel, a multiple of AT_ONCE */
    size_t kernel;  /* numbers in these */
    size_t weights; /* numbers in the kernels of all o and groups */
    size_t line;    /* numbers in a line of the image */
    size_t size;    /* of the image, and of what its last vector may read */
    gradus_real *W, *dW;         /* [groups,out,kernel] */
    gradus_real *image, *dimage; /* of x and of dx, [size] */
    gradus_pixels pixels;        /* where their pixels are, from `inside` on */
    size_t inside;
    int *weight;   /* [ckk], where each W[o] is in its kernel */
    int *vector;   /* [vectors], where each is in the image if the kernel is
                      at 0; 0 if it only fills up to AT_ONCE */
    int *position; /* [h,w], where in the image the kernel is for each z */
} layout;

/* Returns the sizes, without the arrays. */
static layout sizes_of(const gradus_conv *c)
{
    const size_t border = 2 * (size_t)c->padding;
    layout l = { .c = c, .ckk = c->in * c->kernel * c->kernel };

    l.per_line = (c->kernel * c->in - 1) / LANES + 1;
    l.vectors = ((c->kernel * l.per_line - 1) / AT_ONCE + 1) * AT_ONCE;
    l.kernel = (size_t)l.vectors * LANES;
    l.weights = (size_t)c->groups * (size_t)c->out * l.kernel;
    l.line = ((size_t)c->width + border) * (size_t)c->in;
    l.size = ((size_t)c->height + border) * l.line + LANES;
    l.pixels = gradus_pixels_of(c->simd, c->in, c->height, c->width, c->in,
                                c->width + 2 * c->padding);
    l.inside = (size_t)c->padding * (l.line + (size_t)c->in);
    return l;
}

static layout layout_of(const gradus_conv *c, gradus_real *scratch)
{
    layout l = sizes_of(c);

    l.W = scratch;
    l.dW = l.W + l.weights;
    l.image = l.dW + l.weights;
    l.dimage = l.image + l.size;
    l.weight = (int *)(l.dimage + l.size);
    l.vector = l.weight + l.ckk;
    l.position = l.vector + l.vectors;
    return l;
}

static size_t scratch_size(const gradus_conv *c)
{
    const layout l = sizes_of(c);

    return 2 * (l.weights + l.size) + (size_t)(l.ckk + l.vectors) +
           (size_t)gradus_conv_height(c) * (size_t)gradus_conv_width(c);
}

/* ---- from and to the order of the library ---------------------------- */

/* Sets the places of the weights and of the vectors. */
static void find_places(const layout *l)
{
    const gradus_conv *c = l->c;
    int *weight = l->weight, *vector = l->vector;

    for (int ch = 0; ch < c->in; ch++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++)
                *weight++ = u * l->per_line * LANES + v * c->in + ch;
    for (int u = 0; u < c->kernel; u++)
        for (int m = 0; m < l->per_line; m++)
            *vector++ = u * (int)l->line + m * LANES;
    while (vector < l->position)
        *vector++ = 0;
}

/* Sets the positions.  Neighbours in z are `scale` lines, or columns, of the
 * image apart.  A stride beyond the image does no harm: there is then one
 * position. */
static void find_positions(const layout *l)
{
    const size_t scale = l->c->max2 ? 2 : (size_t)l->c->stride;
    const size_t line = scale * l->line, step = scale * (size_t)l->c->in;
    const size_t h = (size_t)gradus_conv_height(l->c);
    const size_t w = (size_t)gradus_conv_width(l->c);

    for (size_t i = 0; i < h; i++)
        for (size_t j = 0; j < w; j++)
            l->position[i * w + j] = (int)(i * line + j * step);
}

static void begin_back(const gradus_conv *c, gradus_real *scratch)
{
    const layout l = layout_of(c, scratch);
    const gradus_real *W = c->W;

    memset(scratch, 0, (2 * l.weights + l.size) * sizeof *scratch);
    find_places(&l);
    find_positions(&l);
    for (size_t o = 0; o < l.weights; o += l.kernel)
        for (int k = 0; k < l.ckk; k++)
            l.W[o + (size_t)l.weight[k]] = *W++;
}

static void end_back(const gradus_conv *c, gradus_real *scratch,
                     gradus_real *dW)
{
    const layout l = layout_of(c, scratch);

    for (size_t o = 0; o < l.weights; o += l.kernel)
        for (int k = 0; k < l.ckk; k++)
            *dW++ += l.dW[o + (size_t)l.weight[k]];
}

/* ---- the work -------------------------------------------------------- */

/* For one o, adds sum dy image[at + ..] over the list [n] to dW [u,v,c].
 * Returns sum dy, which costs nothing beside the rest. */
GRADUS_INLINE gradus_real add_to_weights(const layout *l, const nonzero *list,
                                         int n, gradus_real *dW)
{
    gradus_real all = 0;

    for (int m = 0; m < l->vectors; m += AT_ONCE) {
        const gradus_real *x[AT_ONCE];
        lanes *dw = (lanes *)(dW + (size_t)m * LANES);
        lanes sum[AT_ONCE];
        for (int a = 0; a < AT_ONCE; a++) {
            x[a] = l->image + l->vector[m + a];
            sum[a] = dw[a];
        }
        all = 0;
        for (int i = 0; i < n; i++) {
            for (int a = 0; a < AT_ONCE; a++)
                sum[a] += list[i].dy * *(const lanes *)(x[a] + list[i].at);
            all += list[i].dy;
        }
        for (int a = 0; a < AT_ONCE; a++)
            dw[a] = sum[a];
    }
    return all;
}

/* For one o, adds dy W [u,v,c] to the image of dx at each place listed. */
GRADUS_INLINE void add_to_image(const layout *l, const nonzero *list, int n,
                                const gradus_real *W)
{
    for (int m = 0; m < l->vectors; m += AT_ONCE) {
        gradus_real *dx[AT_ONCE];
        lanes w[AT_ONCE];
        for (int a = 0; a < AT_ONCE; a++) {
            dx[a] = l->dimage + l->vector[m + a];
            w[a] = ((const lanes *)(W + (size_t)m * LANES))[a];
        }
        for (int i = 0; i < n; i++)
            for (int a = 0; a < AT_ONCE; a++)
                *(lanes *)(dx[a] + list[i].at) += list[i].dy * w[a];
    }
}

/* Lists the numbers of dz [n] that count, with their places from at [n].
 * Returns how many.  With argmax, each dz is of a maximum, which is at one of
 * four places; few of those are 0: with them left out too, a step of cnn-8-16
 * took 1.04 times as long. */
GRADUS_INLINE int list_nonzeros(const layout *l, const gradus_real *dz,
                                const uint8_t *argmax, const int *at, int n,
                                nonzero *list)
{
    const int right = l->c->in, below = (int)l->line;
    const int in_square[5] = { 0, right, below, below + right };
    int count = 0;

    for (int p = 0; p < n; p++) { /* count <= p: within the list */
        int place = at[p] + (argmax ? in_square[argmax[p]] : 0);
        list[count] = (nonzero){ place, dz[p] };
        count += argmax ? argmax[p] < 4 : dz[p] != 0;
    }
    return count;
}

GRADUS_INLINE void add(const layout *l, const gradus_conv_sample *s)
{
    const gradus_conv *c = l->c;
    const int P = gradus_conv_height(c) * gradus_conv_width(c);
    nonzero list[LIST];

    gradus_channels_last(&l->pixels, s->x, l->image + l->inside);
    if (s->dx)
        memset(l->dimage, 0, l->size * sizeof *l->dimage);
    for (int from = 0; from < P; from += LIST)
        for (int o = 0; o < c->out; o++) {
            size_t p = (size_t)o * P + from;
            size_t k = ((size_t)s->group * c->out + o) * l->kernel;
            int n = list_nonzeros(l, s->dz + p, c->max2 ? s->argmax + p : NULL,
                                  l->position + from,
                                  P - from < LIST ? P - from : LIST, list);
            gradus_real sum = add_to_weights(l, list, n, l->dW + k);
            if (s->db)
                s->db[o] += sum;
            if (s->dx)
                add_to_image(l, list, n, l->W + k);
        }
    if (s->dx)
        gradus_channels_first(&l->pixels, l->dimage + l->inside, !s->set_dx,
                              s->dx);
}

/* A version for AVX-512 was no faster. */
GRADUS_FOR_AVX2 static void by_avx2(const layout *l,
                                    const gradus_conv_sample *s)
{
    add(l, s);
}

/* ---- the way --------------------------------------------------------- */

/* With max2, neighbours in y have to be neighbours in x too.  Here a kernel of
 * one number takes AT_ONCE vectors, in each thread: with very many channels,
 * W and dW would need much more memory than all the rest of a net. */
static bool fits(const gradus_conv *c)
{
    return (!c->max2 || c->stride == 1) &&
           sizes_of(c).weights <= MOST_WEIGHTS;
}

static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    const layout l = layout_of(c, scratch);

    if (c->simd == GRADUS_PLAIN)
        add(&l, s);
    else
        by_avx2(&l, s);
}

const gradus_conv_way gradus_conv_nonzero = {
    .name = "nonzero", .fits = fits, .scratch = scratch_size,
    .begin_back = begin_back, .backward = backward, .end_back = end_back,
};
