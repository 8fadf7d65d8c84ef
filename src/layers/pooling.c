/* pooling.c -- the maximum or mean of square windows, and of whole channels.
 *
 *   x [B,C,H,W]   y [B,C,h,w]   h = (H + 2p - k) / s + 1, w alike, rounded
 *   down, for windows of size k, stride s and padding p
 *
 *   maxpool         y[i,j] = max x[is-p+u, js-p+v]          u, v in 0..k-1
 *   avgpool         y[i,j] = 1/k^2 sum x[is-p+u, js-p+v]
 *   global_avgpool  y      = 1/HW sum x                     y [B,C]
 *
 * The padding is -inf to the maximum and 0 to the mean; as p <= k/2, each
 * window has a value of x.  A NaN in a window is its maximum.
 *
 *   maxpool         dx[is-p+u, js-p+v] += dy[i,j], (u,v) the first, row by
 *                   row, where x = y (or the first, if none is)
 *   avgpool         dx[is-p+u, js-p+v] += dy[i,j] / k^2, all (u,v)
 *   global_avgpool  dx += dy / HW
 *
 * A row of outputs is computed together, one (u,v) after the other, so that
 * the innermost loops have neither branches nor borders.
 */
#include "kernels/pool2.h"

#include <math.h>
#include <string.h>

typedef struct {
    gradus_node node;
    int size, stride, padding;
} pooling_node;

/* ---- which values of x: borders are met here alone ------------------- */

/* What row i of a channel's outputs sees at one (u,v) of its windows: output j
 * of from..to-1 sees the channel's x[at + j stride], the others padding. */
typedef struct {
    const pooling_node *p;
    int64_t top;        /* of the windows */
    int u, v, rows, left, right; /* u below rows, v from left below right */
    int from, to;
    int64_t at;
} view;

/* Those j of 0..out-1 for which j stride + offset is one of 0..in-1. */
static void inside(int64_t offset, int64_t stride, int in, int out, int *from,
                   int *to)
{
    int64_t first = offset < 0 ? (stride - 1 - offset) / stride : 0;
    int64_t end = offset < in ? (in - 1 - offset) / stride + 1 : 0;

    *from = (int)(first < out ? first : out);
    *to = (int)(end < out ? end : out);
}

/* Before the first (u,v). */
static view views_of_row(const pooling_node *p, int i)
{
    const int *x = p->node.in[0]->shape, w = p->node.shape[2];
    view a = { .p = p, .top = (int64_t)i * p->stride - p->padding };
    int64_t last = (int64_t)(w - 1) * p->stride; /* window's, from the first */
    int none;

    inside(a.top, 1, x[1], p->size, &a.u, &a.rows);
    inside(last - p->padding, 1, x[2], p->size, &a.left, &none);
    inside(-(int64_t)p->padding, 1, x[2], p->size, &none, &a.right);
    a.v = a.left - 1;
    return a;
}

/* The next (u,v), row by row, at which any output sees a value; 0: no more. */
static int next_view(view *a)
{
    const pooling_node *p = a->p;
    const int W = p->node.in[0]->shape[2];

    do {
        if (++a->v >= a->right) {
            a->v = a->left;
            a->u++;
        }
        if (a->u >= a->rows)
            return 0;
        a->at = (int64_t)a->v - p->padding;
        inside(a->at, p->stride, W, p->node.shape[2], &a->from, &a->to);
        a->at += (a->top + a->u) * W;
    } while (a->from >= a->to);
    return 1;
}

/* Pairs side by side, which most nets have, go without the above. */
static int halves(const pooling_node *p)
{
    return p->size == 2 && p->stride == 2 && p->padding == 0;
}

/* ---- maximum --------------------------------------------------------- */

static void max_row(const pooling_node *p, int i,
                    const gradus_real *restrict x, gradus_real *restrict y)
{
    for (int j = 0; j < p->node.shape[2]; j++)
        y[j] = -INFINITY;
    for (view a = views_of_row(p, i); next_view(&a);)
        for (int j = a.from; j < a.to; j++)
            y[j] = larger(y[j], x[a.at + (int64_t)j * p->stride]);
}

/* x and z are two lines. */
static void max_row_of_pairs(int w, const gradus_real *x, const gradus_real *z,
                             gradus_real *restrict y)
{
    for (int j = 0; j < w; j++) {
        gradus_real m = larger(x[2 * j], x[2 * j + 1]);
        y[j] = larger(larger(m, z[2 * j]), z[2 * j + 1]);
    }
}

static void max_forward(gradus_node *n, gradus_rows r)
{
    const pooling_node *p = (const pooling_node *)n;
    const int h = n->shape[1], w = n->shape[2];
    const int H = n->in[0]->shape[1], W = n->in[0]->shape[2];
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->in[0]->size);
    gradus_real *y = gradus_row(n->y, r, n->size);

    for (size_t c = 0; c < (size_t)r.n * n->shape[0]; c++, x += H * W)
        for (int i = 0; i < h; i++, y += w)
            if (halves(p))
                max_row_of_pairs(w, x + 2 * i * W, x + (2 * i + 1) * W, y);
            else
                max_row(p, i, x, y);
}

/* left: what no value has had yet of dy. */
static void max_row_back(const pooling_node *p, int i, const gradus_real *x,
                         const gradus_real *y, const gradus_real *dy,
                         gradus_real *restrict left, gradus_real *restrict dx)
{
    memcpy(left, dy, (size_t)p->node.shape[2] * sizeof *left);
    for (view a = views_of_row(p, i); next_view(&a);)
        for (int j = a.from; j < a.to; j++) {
            int64_t k = a.at + (int64_t)j * p->stride;
            gradus_real rest = (gradus_real)(x[k] < y[j]) * left[j];
            dx[k] += left[j] - rest;
            left[j] = rest;
        }
}

/* x, z and dx, dz are two lines each; a, b, c say that the first, the first
 * two, the first three values are below the maximum.  In numbers: compilers
 * make branches of conditions, and nobody can foresee these.  (The product
 * with 0 is 0: a dy that is not finite is an error in any case.) */
static void max_row_of_pairs_back(int w, const gradus_real *x,
                                  const gradus_real *z, const gradus_real *y,
                                  const gradus_real *dy,
                                  gradus_real *restrict dx,
                                  gradus_real *restrict dz)
{
    for (int j = 0; j < w; j++) {
        int a = x[2 * j] < y[j];
        int b = a & (x[2 * j + 1] < y[j]);
        int c = b & (z[2 * j] < y[j]);
        dx[2 * j] += (gradus_real)(1 - a) * dy[j];
        dx[2 * j + 1] += (gradus_real)(a - b) * dy[j];
        dz[2 * j] += (gradus_real)(b - c) * dy[j];
        dz[2 * j + 1] += (gradus_real)c * dy[j];
    }
}

static void max_backward(gradus_node *n, gradus_rows r)
{
    const pooling_node *p = (const pooling_node *)n;
    const int h = n->shape[1], w = n->shape[2];
    const int H = n->in[0]->shape[1], W = n->in[0]->shape[2];
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->in[0]->size);
    const gradus_real *y = gradus_row(n->y, r, n->size);
    const gradus_real *dy = gradus_row(n->dy, r, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, r, n->in[0]->size);

    for (size_t c = 0; c < (size_t)r.n * n->shape[0];
         c++, x += H * W, dx += H * W)
        for (int i = 0; i < h; i++, y += w, dy += w) {
            int first = 2 * i * W; /* of a pair of lines */
            if (halves(p))
                max_row_of_pairs_back(w, x + first, x + first + W, y, dy,
                                      dx + first, dx + first + W);
            else
                max_row_back(p, i, x, y, dy, r.scratch, dx);
        }
}

/* ---- mean ------------------------------------------------------------ */

static void avg_forward(gradus_node *n, gradus_rows r)
{
    const pooling_node *p = (const pooling_node *)n;
    const int h = n->shape[1], w = n->shape[2], k = p->size;
    const size_t image = (size_t)n->in[0]->shape[1] * n->in[0]->shape[2];
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->in[0]->size);
    gradus_real *y = gradus_row(n->y, r, n->size);

    for (size_t c = 0; c < (size_t)r.n * n->shape[0]; c++, x += image)
        for (int i = 0; i < h; i++, y += w) {
            memset(y, 0, (size_t)w * sizeof *y);
            for (view a = views_of_row(p, i); next_view(&a);)
                for (int j = a.from; j < a.to; j++)
                    y[j] += x[a.at + (int64_t)j * p->stride];
            for (int j = 0; j < w; j++)
                y[j] /= (gradus_real)k * (gradus_real)k;
        }
}

static void avg_backward(gradus_node *n, gradus_rows r)
{
    const pooling_node *p = (const pooling_node *)n;
    const int h = n->shape[1], w = n->shape[2], k = p->size;
    const size_t image = (size_t)n->in[0]->shape[1] * n->in[0]->shape[2];
    const gradus_real *dy = gradus_row(n->dy, r, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, r, n->in[0]->size);
    gradus_real *d = r.scratch;

    for (size_t c = 0; c < (size_t)r.n * n->shape[0]; c++, dx += image)
        for (int i = 0; i < h; i++, dy += w) {
            for (int j = 0; j < w; j++)
                d[j] = dy[j] / ((gradus_real)k * (gradus_real)k);
            for (view a = views_of_row(p, i); next_view(&a);)
                for (int j = a.from; j < a.to; j++)
                    dx[a.at + (int64_t)j * p->stride] += d[j];
        }
}

/* ---- mean of a channel ----------------------------------------------- */

enum { LANES = 16 };

/* Sixteen sums side by side: a vector's, and less rounding than one. */
static gradus_real sum_of(const gradus_real *x, int n)
{
    gradus_real sum[LANES] = { 0 }, all = 0;
    int i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            sum[l] += x[i + l];
    for (int l = 0; l < LANES; l++)
        all += sum[l];
    for (; i < n; i++)
        all += x[i];
    return all;
}

static void global_forward(gradus_node *n, gradus_rows r)
{
    int S = n->in[0]->size / n->size;
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->in[0]->size);
    gradus_real *y = gradus_row(n->y, r, n->size);

    for (size_t c = 0; c < (size_t)r.n * n->size; c++, x += S)
        y[c] = sum_of(x, S) / (gradus_real)S;
}

static void global_backward(gradus_node *n, gradus_rows r)
{
    int S = n->in[0]->size / n->size;
    gradus_real *dx = gradus_row(n->in[0]->dy, r, n->in[0]->size);
    const gradus_real *dy = gradus_row(n->dy, r, n->size);

    for (size_t c = 0; c < (size_t)r.n * n->size; c++, dx += S) {
        gradus_real d = dy[c] / (gradus_real)S;
        for (int i = 0; i < S; i++)
            dx[i] += d;
    }
}

/* ---- constructors ---------------------------------------------------- */

static gradus_node *make_max(gradus_graph *g, gradus_node *const *in,
                             int n_in, const gradus_attr *a)
{
    (void)g;
    return gradus_maxpool(n_in ? in[0] : NULL, gradus_attr_int(a, "size", 0),
                          gradus_attr_int(a, "stride", 0),
                          gradus_attr_int(a, "padding", 0));
}

static gradus_node *make_avg(gradus_graph *g, gradus_node *const *in,
                             int n_in, const gradus_attr *a)
{
    (void)g;
    return gradus_avgpool(n_in ? in[0] : NULL, gradus_attr_int(a, "size", 0),
                          gradus_attr_int(a, "stride", 0),
                          gradus_attr_int(a, "padding", 0));
}

static gradus_node *make_global(gradus_graph *g, gradus_node *const *in,
                                int n_in, const gradus_attr *a)
{
    (void)g, (void)a;
    return gradus_global_avgpool(n_in ? in[0] : NULL);
}

const gradus_op gradus_maxpool_op = {
    .name = "maxpool", .forward = max_forward, .backward = max_backward,
    .make = make_max,
};

const gradus_op gradus_avgpool_op = {
    .name = "avgpool", .forward = avg_forward, .backward = avg_backward,
    .make = make_avg,
};

const gradus_op gradus_global_avgpool_op = {
    .name = "global_avgpool", .forward = global_forward,
    .backward = global_backward, .make = make_global,
};

/* n, or NULL with a message unless its operand has channels and lines. */
static gradus_node *of_maps(gradus_node *n)
{
    if (n && n->in[0]->rank != 3)
        return gradus_fail(n, "%s has %d %s, [channels,height,width] wanted",
                           n->in[0]->name, n->in[0]->rank,
                           n->in[0]->rank == 1 ? "axis" : "axes");
    return n;
}

static gradus_node *check(gradus_node *n, int size, int stride, int padding)
{
    const gradus_node *x = n->in[0];
    int64_t padded = 2 * (int64_t)padding;

    if (size < 1)
        return gradus_fail(n, "windows of size %d, at least 1 wanted", size);
    if (stride < 0)
        return gradus_fail(n, "a stride of %d, at least 1, or 0 for the "
                           "size, wanted", stride);
    if (padding < 0 || padding > size / 2)
        return gradus_fail(n, "a padding of %d, 0 to %d (half the size %d) "
                           "wanted", padding, size / 2, size);
    if (size > x->shape[1] + padded || size > x->shape[2] + padded)
        return gradus_fail(n, "windows of size %d are larger than %s "
                           "[%d,%d,%d] with a padding of %d", size, x->name,
                           x->shape[0], x->shape[1], x->shape[2], padding);
    return n;
}

static int outputs(int in, int size, int stride, int padding)
{
    return (int)((in + 2 * (int64_t)padding - size) / stride) + 1;
}

static gradus_node *new_pooling(const gradus_op *op, gradus_node *x, int size,
                                int stride, int padding)
{
    gradus_node *n =
        of_maps(gradus_append(NULL, op, sizeof(pooling_node), 1, &x));

    if (!n || !check(n, size, stride, padding))
        return NULL;
    stride = stride ? stride : size;
    ((pooling_node *)n)->size = size;
    ((pooling_node *)n)->stride = stride;
    ((pooling_node *)n)->padding = padding;
    n = gradus_set_attr(n, "size", 1, &(double){ size });
    n = gradus_set_attr(n, "stride", 1, &(double){ stride });
    n = gradus_set_attr(n, "padding", 1, &(double){ padding });
    n = gradus_shape(
        n, 3, (int[]){ x->shape[0],
                       outputs(x->shape[1], size, stride, padding),
                       outputs(x->shape[2], size, stride, padding) });
    if (n)
        n->scratch = (size_t)n->shape[2]; /* backward's */
    return n;
}

gradus_node *gradus_maxpool(gradus_node *x, int size, int stride, int padding)
{
    return new_pooling(&gradus_maxpool_op, x, size, stride, padding);
}

gradus_node *gradus_avgpool(gradus_node *x, int size, int stride, int padding)
{
    return new_pooling(&gradus_avgpool_op, x, size, stride, padding);
}

gradus_node *gradus_global_avgpool(gradus_node *x)
{
    gradus_node *n = of_maps(gradus_append(NULL, &gradus_global_avgpool_op,
                                           sizeof *n, 1, &x));

    return n ? gradus_shape(n, 1, x->shape) : NULL;
}
