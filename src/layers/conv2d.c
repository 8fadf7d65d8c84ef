/* conv2d.c -- convolution of images.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] x[c, s i + u - p, s j + v - p]
 *
 * with zeros outside x, and back
 *
 *   dW[o,c,u,v] += sum_{i,j} dy[o,i,j] x[c, s i + u - p, s j + v - p]
 *   dx[c, s i + u - p, s j + v - p] += sum_o dy[o,i,j] W[o,c,u,v]
 *   db[o] += sum_{i,j} dy[o,i,j]
 *
 * One sample at a time, so that all of it stays in cache, each of its groups
 * of channels by one of the ways that conv2d.h names: as matrix products,
 * straight from the image, or back by what is not 0 of dy.
 */
#include "layers/conv2d.h"

static gradus_conv convolution(const conv2d_node *c)
{
    return (gradus_conv){
        .in = gradus_conv2d_in(c), .height = c->height, .width = c->width,
        .out = gradus_conv2d_out(c), .out_height = c->node.shape[1],
        .out_width = c->node.shape[2], .kernel = c->kernel,
        .stride = c->stride, .padding = c->padding, .groups = c->groups,
        .relu = c->relu, .max2 = c->halves, .simd = c->simd,
        .W = c->node.param[0].w, .b = c->bias ? c->node.param[1].w : NULL };
}

/* Straight from the image; with a kernel of 1 that is a matrix already. */
static int is_direct(const conv2d_node *c)
{
    return c->stride == 1 && c->kernel > 1;
}

/* ReLU, and maxima of 2 x 2, in either order; where they are made of what is
 * still in registers, four of five passes over the largest arrays go. */
static int absorb(gradus_node *n, const gradus_node *user)
{
    conv2d_node *c = (conv2d_node *)n;

    if (!is_direct(c))
        return 0;
    if (user->op == &gradus_relu_op && !c->relu) {
        c->relu = 1;
        return 1;
    }
    if (user->op != &gradus_maxpool_op || c->halves ||
        gradus_attr_int(user->attr, "size", 0) != 2 ||
        gradus_attr_int(user->attr, "stride", 0) != 2 ||
        gradus_attr_int(user->attr, "padding", 0) != 0)
        return 0;
    c->halves = 1;
    n->keep_row = (size_t)(user->size - 1) / sizeof *n->kept + 1;
    return 1;
}

static const gradus_conv_way *way_of(const gradus_conv *k)
{
    return gradus_conv_max2.fits(k) ? &gradus_conv_max2
           : gradus_conv_vectors.fits(k) ? &gradus_conv_vectors
                                       : &gradus_conv_gemm;
}

static void forward(gradus_node *n, gradus_rows r)
{
    const conv2d_node *c = (const conv2d_node *)n;
    const gradus_conv v = convolution(c);
    const gradus_conv_way *way = way_of(&v);
    const size_t x_size = (size_t)(n->in[0]->size / c->groups);
    const size_t y_size = gradus_conv2d_result(c);

    if (way->begin)
        way->begin(&v, r.scratch);
    for (int i = r.from; i < r.from + r.n; i++)
        for (int k = 0; k < c->groups; k++) {
            const size_t at = (size_t)i * c->groups + k;
            const gradus_conv_sample s = {
                .group = k, .x = n->in[0]->y + at * x_size,
                .z = n->result->y + at * y_size,
                .argmax = gradus_conv2d_which(c, i, k) };
            way->forward(&v, &s, r.scratch);
        }
}

/* ---- back ------------------------------------------------------------ */

/* Few enough numbers that going through them one by one is faster than a
 * product: behind maxima of 2 x 2 a quarter at most. */
static int is_sparse(const gradus_real *dy, size_t n)
{
    int count = 0;

    for (size_t i = 0; i < n; i++)
        count += dy[i] != 0;
    return (size_t)count <= n / 3;
}

static size_t dense_scratch(const conv2d_node *c)
{
    const gradus_conv k = convolution(c);

    return way_of(&k)->scratch(&k);
}

/* Back through a ReLU alone. */
static const gradus_real *masked(const gradus_real *dy, const gradus_real *y,
                                 size_t n, gradus_real *dx)
{
    for (size_t i = 0; i < n; i++) {
        gradus_real d = dy[i]; /* read always: then no branch is needed */
        dx[i] = y[i] > 0 ? d : 0;
    }
    return dx;
}

static void backward(gradus_node *n, gradus_rows r)
{
    const conv2d_node *c = (const conv2d_node *)n;
    const gradus_conv v = convolution(c);
    const gradus_conv_way *way = way_of(&v);
    const gradus_node *to = n->result;
    const size_t x_size = (size_t)(n->in[0]->size / c->groups);
    const size_t y_size = gradus_conv2d_result(c);
    gradus_real *dW = gradus_share(&n->param[0], r);
    gradus_real *sparse = r.scratch + dense_scratch(c);
    gradus_real *mask = sparse + gradus_conv2d_sparse_scratch(c);
    int any_sparse = 0, any_dense = 0;

    for (int i = r.from; i < r.from + r.n; i++)
        for (int k = 0; k < c->groups; k++) {
            const size_t at = (size_t)i * c->groups + k;
            const unsigned char *which = gradus_conv2d_which(c, i, k);
            gradus_conv_sample s = {
                .group = k, .x = n->in[0]->y + at * x_size,
                .dz = to->dy + at * y_size,
                .dW = dW + k * gradus_conv_weights(&v) };
            if (n->in[0]->dy)
                s.dx = n->in[0]->dy + at * x_size;
            if (c->bias)
                s.db = gradus_share(&n->param[1], r) + k * v.out;
            if (c->relu && !which)
                s.dz = masked(s.dz, to->y + at * y_size, y_size, mask);
            if (which || is_sparse(s.dz, y_size)) {
                if (!any_sparse++)
                    gradus_conv2d_sparse_begin(c, sparse);
                gradus_conv2d_sparse_add(c, &(conv2d_sparse){
                    .group = k, .x = s.x, .dy = s.dz, .which = which,
                    .dx = s.dx, .db = s.db }, sparse);
                continue;
            }
            if (!any_dense++ && way->begin_back)
                way->begin_back(&v, r.scratch);
            way->backward(&v, &s, r.scratch);
        }
    if (any_sparse)
        gradus_conv2d_sparse_end(c, sparse, dW);
}

/* ---- constructor ----------------------------------------------------- */

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    gradus_conv2d_options o = {
        .stride = gradus_attr_int(a, "stride", 1),
        .padding = gradus_attr_int(a, "padding", 0),
        .groups = gradus_attr_int(a, "groups", 1),
        .no_bias = gradus_attr_int(a, "bias", 1) == 0,
    };

    (void)g;
    return gradus_conv2d(n_in ? in[0] : NULL,
                         gradus_attr_int(a, "channels", 0),
                         gradus_attr_int(a, "kernel", 0), &o);
}

const gradus_op gradus_conv2d_op = {
    .name = "conv", .forward = forward, .backward = backward,
    .absorb = absorb, .make = make,
};

static int settings_are_wrong(gradus_node *n, int channels, int kernel,
                              const gradus_conv2d_options *o)
{
    const gradus_node *x = n->in[0];

    if (x->rank != 3)
        return gradus_fail(n, "an operand of %d axes; images "
                           "[channels,height,width] wanted", x->rank), 1;
    if (channels < 1 || kernel < 1 || o->stride < 1 || o->padding < 0 ||
        o->padding >= kernel || o->groups < 1)
        return gradus_fail(n, "%d channels, kernel %d, stride %d, padding %d, "
                           "groups %d; at least 1, padding 0 to kernel - 1 "
                           "wanted", channels, kernel, o->stride, o->padding,
                           o->groups), 1;
    if (x->shape[0] % o->groups || channels % o->groups)
        return gradus_fail(n, "%d channels to %d channels do not divide into "
                           "%d groups", x->shape[0], channels, o->groups), 1;
    for (int i = 1; i < 3; i++)
        if ((int64_t)x->shape[i] + 2 * (int64_t)o->padding < kernel)
            return gradus_fail(n, "kernel %d is larger than the image "
                               "[%d,%d,%d] with padding %d", kernel,
                               x->shape[0], x->shape[1], x->shape[2],
                               o->padding), 1;
    return 0;
}

static gradus_node *set_attrs(gradus_node *n, int channels, int kernel,
                              const gradus_conv2d_options *o)
{
    n = gradus_set_attr(n, "channels", 1, &(double){ channels });
    n = gradus_set_attr(n, "kernel", 1, &(double){ kernel });
    n = gradus_set_attr(n, "stride", 1, &(double){ o->stride });
    n = gradus_set_attr(n, "padding", 1, &(double){ o->padding });
    n = gradus_set_attr(n, "groups", 1, &(double){ o->groups });
    return gradus_set_attr(n, "bias", 1, &(double){ !o->no_bias });
}

static int outputs(int size, int kernel, const gradus_conv2d_options *o)
{
    return (int)(((int64_t)size + 2 * (int64_t)o->padding - kernel) /
                 o->stride) + 1;
}

gradus_node *gradus_conv2d(gradus_node *x, int channels, int kernel,
                           const gradus_conv2d_options *options)
{
    gradus_conv2d_options o = { 0 };
    gradus_node *n =
        gradus_append(NULL, &gradus_conv2d_op, sizeof(conv2d_node), 1, &x);

    if (options)
        o = *options;
    o.stride = o.stride ? o.stride : 1;
    o.groups = o.groups ? o.groups : 1;
    if (!n || settings_are_wrong(n, channels, kernel, &o))
        return NULL;
    conv2d_node *c = (conv2d_node *)n;
    c->channels = x->shape[0];
    c->height = x->shape[1];
    c->width = x->shape[2];
    c->kernel = kernel;
    c->stride = o.stride;
    c->padding = o.padding;
    c->groups = o.groups;
    c->bias = !o.no_bias;
    c->simd = gradus_simd_here();
    n = gradus_shape(n, 3, (int[]){ channels,
                                    outputs(c->height, kernel, &o),
                                    outputs(c->width, kernel, &o) });
    n = gradus_add_param(n, "weight", 4,
                         (int[]){ channels, x->shape[0] / o.groups, kernel,
                                  kernel }, GRADUS_HE, 0);
    if (c->bias)
        n = gradus_add_param(n, "bias", 1, &channels, GRADUS_ZERO, 0);
    if (!set_attrs(n, channels, kernel, &o))
        return NULL;
    double ckk = (double)gradus_conv2d_in(c) * kernel * kernel;
    double image = (double)gradus_conv2d_in(c) *
                   ((double)c->height + 2. * c->padding) *
                   ((double)c->width + 2. * c->padding);
    if (image > INT32_MAX / 2)
        return gradus_fail(n, "an image of %.0f numbers with its padding is "
                           "too large", image);
    if (ckk * n->shape[1] * n->shape[2] > INT32_MAX / 2)
        return gradus_fail(n, "the columns of an image, %.0f x %d numbers, "
                           "are too many", ckk, n->shape[1] * n->shape[2]);
    gradus_conv v = convolution(c);
    v.max2 = true;
    size_t halves = v.stride == 1 ? gradus_conv_max2.scratch(&v) : 0;
    n->scratch = dense_scratch(c) + gradus_conv2d_sparse_scratch(c) +
                 (size_t)(n->size / c->groups);
    n->scratch = n->scratch < halves ? halves : n->scratch;
    return n;
}
