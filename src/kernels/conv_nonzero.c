/* conv_nonzero.c -- the backward pass of a convolution where most of dy is 0.
 *
 * Behind max pooling of 2 x 2, three of four numbers of dy are 0, and behind a
 * ReLU still more.  Each of the others, dy[o,i,j], contributes
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
 * Unlike all other ways, this leaves out what is 0.  Without it, a training
 * step takes twice as long where the net has maxima of 2 x 2 (see conv.c).
 */
#include "kernels/conv.h"

#include <string.h>

#ifdef __x86_64__
enum { LANES = 8 }; /* as AVX2 has; of AVX-512's 16 too many would be 0 */
#else
enum { LANES = 4 };
#endif

enum {
    AT_ONCE = 5, /* vectors whose sums are in registers together */
    LIST = 256   /* positions that are listed together */
};

typedef gradus_real lanes
    __attribute__((vector_size(LANES * sizeof(gradus_real)),
                   aligned(sizeof(gradus_real)), may_alias));

/* A non-zero number of dy, and where in the image the kernel is for it. */
typedef struct {
    int at;
    gradus_real dy;
} nonzero;

/* How the scratch memory is laid out; sizes are in numbers or in vectors. */
typedef struct {
    int kernel, in;
    int per_line;   /* vectors in a line of the kernel */
    int vectors;    /* vectors in a kernel, a multiple of AT_ONCE */
    size_t line;    /* of a line of the image */
    size_t image;   /* of the image, and of what its last vector may read */
    size_t weights; /* of the kernels of all output channels and groups */
} layout;

static layout layout_of(const gradus_conv *c)
{
    const size_t border = 2 * (size_t)c->padding;
    layout l = { .kernel = c->kernel, .in = c->in };

    l.per_line = (l.kernel * l.in - 1) / LANES + 1;
    l.vectors = ((l.kernel * l.per_line - 1) / AT_ONCE + 1) * AT_ONCE;
    l.line = ((size_t)c->width + border) * (size_t)l.in;
    l.image = ((size_t)c->height + border) * l.line + LANES;
    l.weights = (size_t)c->groups * (size_t)c->out * (size_t)l.vectors * LANES;
    return l;
}

/* The scratch memory has W, dW, the images of x and of dx, and two lists of
 * places, each as long as x; an int takes no more room than a number. */
static size_t scratch_size(const gradus_conv *c)
{
    const layout l = layout_of(c);

    return 2 * l.weights + 2 * l.image + 2 * gradus_conv_x_size(c);
}

/* ---- from and to the order of the library ---------------------------- */

/* The place of W[o,ch,u,v] among the vectors; o counts through all groups. */
static size_t in_vectors(const layout *l, int o, int ch, int u, int v)
{
    return ((size_t)o * l->vectors + (size_t)u * l->per_line) * LANES +
           (size_t)v * l->in + ch;
}

/* Sets in_image [in,height,width] to the places of x in the image, and in_x
 * [width,in] to the places in x of the image's first line.  For each
 * further line of the image, they are a line further on in x. */
static void find_places(const gradus_conv *c, int *in_image, int *in_x)
{
    const int h = c->height, w = c->width, p = c->padding;

    for (int ch = 0; ch < c->in; ch++)
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++)
                *in_image++ = ((i + p) * (w + 2 * p) + j + p) * c->in + ch;
    for (int j = 0; j < w; j++)
        for (int ch = 0; ch < c->in; ch++)
            *in_x++ = ch * h * w + j;
}

static void begin_back(const gradus_conv *c, gradus_real *scratch)
{
    const layout l = layout_of(c);
    const gradus_real *W = c->W;

    memset(scratch, 0, (2 * l.weights + l.image) * sizeof *scratch);
    for (int o = 0; o < c->groups * c->out; o++)
        for (int ch = 0; ch < l.in; ch++)
            for (int u = 0; u < l.kernel; u++)
                for (int v = 0; v < l.kernel; v++)
                    scratch[in_vectors(&l, o, ch, u, v)] = *W++;
    int *places = (int *)(scratch + 2 * l.weights + 2 * l.image);
    find_places(c, places, places + gradus_conv_x_size(c));
}

static void end_back(const gradus_conv *c, const gradus_real *scratch,
                     gradus_real *dW)
{
    const layout l = layout_of(c);

    for (int o = 0; o < c->groups * c->out; o++)
        for (int ch = 0; ch < l.in; ch++)
            for (int u = 0; u < l.kernel; u++)
                for (int v = 0; v < l.kernel; v++)
                    *dW++ += scratch[l.weights + in_vectors(&l, o, ch, u, v)];
}

/* Copies x [in,height,width] into the image [row,column,channel]. */
GRADUS_INLINE void interleave(const gradus_conv *c, const layout *l,
                              const gradus_real *restrict x,
                              const int *restrict in_x,
                              gradus_real *restrict image)
{
    const int n = c->width * l->in;

    image += (size_t)c->padding * (l->line + (size_t)l->in);
    for (int i = 0; i < c->height; i++, image += l->line, x += c->width)
        for (int k = 0; k < n; k++)
            image[k] = x[in_x[k]];
}

/* Adds the image [row,column,channel] to dx [in,height,width], n numbers. */
GRADUS_INLINE void add_interleaved(size_t n, const gradus_real *restrict image,
                                   const int *restrict in_image,
                                   gradus_real *restrict dx)
{
    for (size_t i = 0; i < n; i++)
        dx[i] += image[in_image[i]];
}

/* ---- the work -------------------------------------------------------- */

/* A vector of the kernel, while a loop goes through all of them. */
typedef struct {
    int vector, of_line; /* its index in the kernel, and in its line */
    size_t at;           /* its distance in the image from the first one */
} cursor;

/* Returns how far the cursor's vector is from the first in the image (0 if
 * it only fills up to AT_ONCE), and moves the cursor on. */
GRADUS_INLINE size_t next_vector(const layout *l, cursor *p)
{
    size_t at = p->vector++ < l->kernel * l->per_line ? p->at : 0;

    p->at += LANES;
    if (++p->of_line == l->per_line) {
        p->of_line = 0;
        p->at += l->line - (size_t)l->per_line * LANES;
    }
    return at;
}

/* For one o, adds sum dy image[at + ..] over the list [n] to dW [u,v,c].
 * Returns sum dy, which costs nothing beside the rest. */
GRADUS_INLINE gradus_real add_to_weights(const layout *l, const nonzero *list,
                                         int n, const gradus_real *image,
                                         gradus_real *dW)
{
    gradus_real all = 0;
    cursor p = { 0 };

    for (int m = 0; m < l->vectors; m += AT_ONCE) {
        const gradus_real *x[AT_ONCE];
        lanes *dw = (lanes *)(dW + (size_t)m * LANES);
        lanes sum[AT_ONCE];
        for (int a = 0; a < AT_ONCE; a++) {
            x[a] = image + next_vector(l, &p);
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
                                const gradus_real *W, gradus_real *image)
{
    cursor p = { 0 };

    for (int m = 0; m < l->vectors; m += AT_ONCE) {
        gradus_real *dx[AT_ONCE];
        lanes w[AT_ONCE];
        for (int a = 0; a < AT_ONCE; a++) {
            dx[a] = image + next_vector(l, &p);
            w[a] = ((const lanes *)(W + (size_t)m * LANES))[a];
        }
        for (int i = 0; i < n; i++)
            for (int a = 0; a < AT_ONCE; a++)
                *(lanes *)(dx[a] + list[i].at) += list[i].dy * w[a];
    }
}

/* Sets at [n] to the kernel's places in the image for n positions of z from
 * `from` on; neighbours are `scale` lines, or columns, of the image apart. */
GRADUS_INLINE void find_positions(const layout *l, int width, int scale,
                                  int from, int n, int *at)
{
    /* A stride beyond the image does no harm: there is then one position. */
    const int64_t line = (int64_t)l->line * scale;
    const int64_t step = (int64_t)l->in * scale;
    int i = from / width, j = from % width;

    for (int p = 0; p < n; p++) {
        at[p] = (int)(i * line + j * step);
        if (++j == width) {
            j = 0;
            i++;
        }
    }
}

/* This function and the next list the numbers of dz [n] that count, with
 * their places from at [n], and return how many. */
GRADUS_INLINE int list_nonzeros(const gradus_real *dz, const int *at, int n,
                                nonzero *list)
{
    int count = 0;

    for (int p = 0; p < n; p++) { /* count <= p: within the list */
        list[count] = (nonzero){ at[p], dz[p] };
        count += dz[p] != 0;
    }
    return count;
}

/* Each dz is of a maximum, which is at one of four places.  Few dz are 0:
 * with those left out too, a step of cnn-8-16 took 1.04 times as long. */
GRADUS_INLINE int list_maxima(const layout *l, const gradus_real *dz,
                              const uint8_t *argmax, const int *at, int n,
                              nonzero *list)
{
    const int right = l->in, below = (int)l->line;
    const int in_square[5] = { 0, right, below, below + right };
    int count = 0;

    for (int p = 0; p < n; p++) {
        list[count] = (nonzero){ at[p] + in_square[argmax[p]], dz[p] };
        count += argmax[p] < 4;
    }
    return count;
}

GRADUS_INLINE void add(const gradus_conv *c, const gradus_conv_sample *s,
                       gradus_real *scratch)
{
    const layout l = layout_of(c);
    const int w = gradus_conv_width(c), P = gradus_conv_height(c) * w;
    gradus_real *image = scratch + 2 * l.weights, *dimage = image + l.image;
    gradus_real *W = scratch + l.weights / c->groups * s->group;
    gradus_real *dW = W + l.weights;
    const int *in_image = (const int *)(dimage + l.image);
    int at[LIST];
    nonzero list[LIST];

    interleave(c, &l, s->x, in_image + gradus_conv_x_size(c), image);
    if (s->dx)
        memset(dimage, 0, l.image * sizeof *dimage);
    for (int from = 0; from < P; from += LIST) {
        int some = P - from < LIST ? P - from : LIST;
        find_positions(&l, w, c->max2 ? 2 : c->stride, from, some, at);
        for (int o = 0; o < c->out; o++) {
            size_t p = (size_t)o * P + from, k = (size_t)o * l.vectors * LANES;
            int n = c->max2 ? list_maxima(&l, s->dz + p, s->argmax + p, at,
                                          some, list)
                            : list_nonzeros(s->dz + p, at, some, list);
            gradus_real sum = add_to_weights(&l, list, n, image, dW + k);
            if (s->db)
                s->db[o] += sum;
            if (s->dx)
                add_to_image(&l, list, n, W + k, dimage);
        }
    }
    if (s->dx)
        add_interleaved(gradus_conv_x_size(c), dimage, in_image, s->dx);
}

static void by_plain(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    add(c, s, scratch);
}

GRADUS_FOR_AVX2 static void by_avx2(const gradus_conv *c,
                                    const gradus_conv_sample *s,
                                    gradus_real *scratch)
{
    add(c, s, scratch);
}

GRADUS_FOR_AVX512 static void by_avx512(const gradus_conv *c,
                                        const gradus_conv_sample *s,
                                        gradus_real *scratch)
{
    add(c, s, scratch);
}

/* ---- the way --------------------------------------------------------- */

/* With max2, neighbours in y have to be neighbours in x too. */
static bool fits(const gradus_conv *c)
{
    return !c->max2 || c->stride == 1;
}

static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    static gradus_conv_pass *const version[] = {
        [GRADUS_PLAIN] = by_plain, [GRADUS_AVX2] = by_avx2,
        [GRADUS_AVX512] = by_avx512 };

    version[c->simd](c, s, scratch);
}

const gradus_conv_way gradus_conv_nonzero = {
    .name = "nonzero", .fits = fits, .scratch = scratch_size,
    .begin_back = begin_back, .backward = backward, .end_back = end_back,
};
