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
 * Outputs side by side are computed together, one (u,v) after the other, so
 * that the innermost loops have neither branches nor borders.
 */
#include "gradus.h"

#include <math.h>
#include <string.h>

enum { PIECE = 128 };

typedef struct {
    gradus_node node;
    int size, stride, padding;
} pooling_node;

/* n outputs (i,j), (i,j+1) .. of a channel. */
typedef struct {
    gradus_node *node;
    size_t in, out; /* the channel's place in in[0]->y, the piece's in y */
    int i, j, n;
} piece;

typedef struct {
    int from, to;
} span;

/* n of the outputs, and the values of x at one (u,v) of their windows: places
 * x, x + stride .. of in[0]->y. */
typedef struct {
    gradus_node *node;
    gradus_real *v; /* [n], the sums so far, say */
    size_t x, y;
    int n;
    size_t stride;
} line;

/* ---- which values of x: borders are met here alone ------------------- */

/* Those j of 0..out-1 for which j stride + offset is one of 0..in-1. */
static span inside(int64_t offset, int64_t stride, int in, int out)
{
    int64_t from = offset < 0 ? (stride - 1 - offset) / stride : 0;
    int64_t to = offset < in ? (in - 1 - offset) / stride + 1 : 0;

    return (span){ (int)(from < out ? from : out),
                   (int)(to < out ? to : out) };
}

/* Calls f for each (u,v), row by row, with those of the outputs for which it
 * is not padding. */
static void each_place(const piece *q, gradus_real *value,
                       void (*f)(const line *l))
{
    const pooling_node *p = (const pooling_node *)q->node;
    int H = q->node->in[0]->shape[1], W = q->node->in[0]->shape[2];
    int64_t s = p->stride;
    int64_t top = q->i * s - p->padding, left = q->j * s - p->padding;
    int64_t right = left + (q->n - 1) * s; /* of the last output's window */
    span rows = inside(top, 1, H, p->size);
    int first = inside(right, 1, W, p->size).from;
    int last = inside(left, 1, W, p->size).to;

    for (int u = rows.from; u < rows.to; u++)
        for (int v = first; v < last; v++) {
            span j = inside(left + v, s, W, q->n);
            size_t x = q->in + (size_t)((top + u) * W + left + v + j.from * s);
            if (j.from < j.to)
                f(&(line){ q->node, value + j.from, x,
                           q->out + (size_t)j.from, j.to - j.from,
                           (size_t)s });
        }
}

/* Windows of 2x2 side by side are what most nets have: they go without the
 * above, to the same bits. */
static void each_piece(gradus_node *n, gradus_rows r,
                       void (*general)(const piece *q),
                       void (*halving)(const piece *q))
{
    const pooling_node *p = (const pooling_node *)n;
    int halves = p->size == 2 && p->stride == 2 && p->padding == 0;
    int h = n->shape[1], w = n->shape[2];
    size_t channels = (size_t)r.n * n->shape[0];
    size_t in = (size_t)n->in[0]->shape[1] * n->in[0]->shape[2];
    piece q = { .node = n, .in = (size_t)r.from * n->in[0]->size,
                .out = (size_t)r.from * n->size };

    for (size_t c = 0; c < channels; c++, q.in += in)
        for (q.i = 0; q.i < h; q.i++)
            for (q.j = 0; q.j < w; q.j += q.n, q.out += (size_t)q.n) {
                q.n = w - q.j < PIECE ? w - q.j : PIECE;
                (halves ? halving : general)(&q);
            }
}

/* Where the two lines of x begin that a halving piece is made of. */
static size_t upper(const piece *q)
{
    size_t W = (size_t)q->node->in[0]->shape[2];

    return q->in + 2 * (size_t)q->i * W + 2 * (size_t)q->j;
}

static size_t lower(const piece *q)
{
    return upper(q) + (size_t)q->node->in[0]->shape[2];
}

/* ---- maximum --------------------------------------------------------- */

/* Of equal ones the first; b if it is a NaN.  The first line is an instruction
 * of most processors, and a NaN is rare: a branch that is foreseen. */
static inline gradus_real larger(gradus_real a, gradus_real b)
{
    gradus_real m = b > a ? b : a;

    return b != b ? b : m;
}

static void raise_line(const line *l)
{
    const gradus_real *x = l->node->in[0]->y + l->x;

    for (int j = 0; j < l->n; j++)
        l->v[j] = larger(l->v[j], x[(size_t)j * l->stride]);
}

static void max_piece(const piece *q)
{
    gradus_real *y = q->node->y + q->out;

    for (int j = 0; j < q->n; j++)
        y[j] = -INFINITY;
    each_place(q, y, raise_line);
}

static void max_halving(const piece *q)
{
    const gradus_real *x = q->node->in[0]->y + upper(q);
    const gradus_real *z = q->node->in[0]->y + lower(q);
    gradus_real *y = q->node->y + q->out;

    for (int j = 0; j < q->n; j++) {
        gradus_real m = larger(x[2 * j], x[2 * j + 1]);
        y[j] = larger(larger(m, z[2 * j]), z[2 * j + 1]);
    }
}

static void max_forward(gradus_node *n, gradus_rows r)
{
    each_piece(n, r, max_piece, max_halving);
}

static void give_line(const line *l)
{
    const gradus_real *x = l->node->in[0]->y + l->x;
    const gradus_real *y = l->node->y + l->y;
    gradus_real *dx = l->node->in[0]->dy + l->x;

    for (int j = 0; j < l->n; j++) { /* v: what no value has had yet */
        gradus_real left = (gradus_real)(x[(size_t)j * l->stride] < y[j]) *
                           l->v[j];
        dx[(size_t)j * l->stride] += l->v[j] - left;
        l->v[j] = left;
    }
}

static void max_piece_back(const piece *q)
{
    gradus_real d[PIECE];

    memcpy(d, q->node->dy + q->out, (size_t)q->n * sizeof *d);
    each_place(q, d, give_line);
}

/* x, z and dx, dz are two lines each; a, b, c say that the first, the first
 * two, the first three values are below the maximum.  In numbers: compilers
 * make branches of conditions, and nobody can foresee these.  (The product
 * with 0 is 0: a dy that is not finite is an error in any case.) */
static void give_pairs(int n, const gradus_real *x, const gradus_real *z,
                       const gradus_real *y, const gradus_real *dy,
                       gradus_real *restrict dx, gradus_real *restrict dz)
{
    for (int j = 0; j < n; j++) {
        int a = x[2 * j] < y[j];
        int b = a & (x[2 * j + 1] < y[j]);
        int c = b & (z[2 * j] < y[j]);
        dx[2 * j] += (gradus_real)(1 - a) * dy[j];
        dx[2 * j + 1] += (gradus_real)(a - b) * dy[j];
        dz[2 * j] += (gradus_real)(b - c) * dy[j];
        dz[2 * j + 1] += (gradus_real)c * dy[j];
    }
}

static void max_halving_back(const piece *q)
{
    const gradus_node *x = q->node->in[0];

    give_pairs(q->n, x->y + upper(q), x->y + lower(q), q->node->y + q->out,
               q->node->dy + q->out, x->dy + upper(q), x->dy + lower(q));
}

static void max_backward(gradus_node *n, gradus_rows r)
{
    each_piece(n, r, max_piece_back, max_halving_back);
}

/* ---- mean ------------------------------------------------------------ */

static gradus_real area(const gradus_node *n)
{
    gradus_real k = (gradus_real)((const pooling_node *)n)->size;

    return k * k;
}

static void add_line(const line *l)
{
    const gradus_real *x = l->node->in[0]->y + l->x;

    for (int j = 0; j < l->n; j++)
        l->v[j] += x[(size_t)j * l->stride];
}

static void avg_piece(const piece *q)
{
    gradus_real *y = q->node->y + q->out, k2 = area(q->node);

    memset(y, 0, (size_t)q->n * sizeof *y);
    each_place(q, y, add_line);
    for (int j = 0; j < q->n; j++)
        y[j] /= k2;
}

static void avg_halving(const piece *q)
{
    const gradus_real *x = q->node->in[0]->y + upper(q);
    const gradus_real *z = q->node->in[0]->y + lower(q);
    gradus_real *y = q->node->y + q->out;

    for (int j = 0; j < q->n; j++) /* 0 +: four times -0 is 0 as above */
        y[j] = (0 + x[2 * j] + x[2 * j + 1] + z[2 * j] + z[2 * j + 1]) / 4;
}

static void avg_forward(gradus_node *n, gradus_rows r)
{
    each_piece(n, r, avg_piece, avg_halving);
}

static void spread_line(const line *l)
{
    gradus_real *dx = l->node->in[0]->dy + l->x;

    for (int j = 0; j < l->n; j++)
        dx[(size_t)j * l->stride] += l->v[j];
}

static void avg_piece_back(const piece *q)
{
    const gradus_real *dy = q->node->dy + q->out;
    gradus_real d[PIECE], k2 = area(q->node);

    for (int j = 0; j < q->n; j++)
        d[j] = dy[j] / k2;
    each_place(q, d, spread_line);
}

static void avg_halving_back(const piece *q)
{
    gradus_real *dx = q->node->in[0]->dy + upper(q);
    gradus_real *dz = q->node->in[0]->dy + lower(q);
    const gradus_real *dy = q->node->dy + q->out;

    for (int j = 0; j < q->n; j++) {
        gradus_real d = dy[j] / 4;
        dx[2 * j] += d;
        dx[2 * j + 1] += d;
        dz[2 * j] += d;
        dz[2 * j + 1] += d;
    }
}

static void avg_backward(gradus_node *n, gradus_rows r)
{
    each_piece(n, r, avg_piece_back, avg_halving_back);
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
    return gradus_shape(
        n, 3, (int[]){ x->shape[0],
                       outputs(x->shape[1], size, stride, padding),
                       outputs(x->shape[2], size, stride, padding) });
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
