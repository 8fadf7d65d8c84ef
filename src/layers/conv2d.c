/* conv2d.c -- convolution of images, with stride, padding and groups of
 * channels.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] x[c, s i + u - p, s j + v - p]
 *
 * with zeros outside x, and back
 *
 *   dW[o,c,u,v] += sum_{i,j} dy[o,i,j] x[c, s i + u - p, s j + v - p]
 *   dx[c, s i + u - p, s j + v - p] += sum_o dy[o,i,j] W[o,c,u,v]
 *   db[o] += sum_{i,j} dy[o,i,j]
 *
 * for each row of the batch and each group of channels by itself, where o and
 * c count the channels of a group.
 *
 *   x [B,C,H,W]   y [B,K,h,w]   W [K,C/groups,k,k]   b [K]
 *   h = (H + 2p - k) / s + 1, rounded down, and w likewise, for stride s and
 *   padding p, in pixels
 *
 * kernels/conv_plain.c computes this for one group of channels of one sample
 * (row of the batch), and the other files conv_*.c beside it do so by faster
 * ways.  This file asks for the fastest, and goes through the samples: through
 * all groups of one before the next, so that the sample stays in cache.
 */
#include "gradus_layer.h"

#include "kernels/conv.h"
#include "layers/layers.h"

#include <string.h>

typedef struct {
    gradus_node node;
    gradus_conv conv; /* its W and b stay NULL: see conv_of */
    /* In a workspace, the way whose packed weights the cache has, behind the W
     * that they were packed from; NULL if it has none. */
    const gradus_conv_way *cached_for;
} conv2d_node;

/* The convolution of the rows of p, with its weights and biases in place.
 * They are looked up in each call: the constructor, which sets conv, runs
 * before compile places them. */
static gradus_conv conv_of(const gradus_node *n, gradus_part p)
{
    gradus_conv k = ((const conv2d_node *)n)->conv;

    k.samples = p.rows;
    k.W = n->param[0].w;
    k.b = n->n_params > 1 ? n->param[1].w : NULL;
    return k;
}

/* Here an image is one group of channels of one row.  Returns the arrays of
 * image i of the batch that forward needs; backward adds those of the
 * gradients.  z lies in the y of n->result, which is n unless compile has
 * fused the nodes after it. */
static gradus_conv_sample image(const gradus_node *n, const gradus_conv *k,
                                size_t i)
{
    const size_t z = i * gradus_conv_z_size(k);

    return (gradus_conv_sample){
        .group = (int)(i % (size_t)k->groups),
        .x = n->in[0]->y + i * gradus_conv_x_size(k), .z = n->result->y + z,
        .argmax = k->max2 && n->kept ? (uint8_t *)n->kept + z : NULL };
}

/* How many numbers the cache has for W: as many as fill whole lines of the
 * processor's cache, so that the packed weights behind it begin a line. */
static size_t room_for_W(const gradus_node *n)
{
    return gradus_conv_round(n->param[0].size);
}

/* Sets how much memory n needs. */
static void set_memory(gradus_node *n, const gradus_conv *k)
{
    const size_t packed = gradus_conv_cache(k);

    n->scratch = gradus_conv_scratch(k);
    n->cache = packed ? room_for_W(n) + packed : 0;
}

/* Returns the packed weights: in scratch; or, in a workspace, those that the
 * cache has, if they are of this way and these weights.  With a single row, to
 * pack the weights may take as long as the convolution. */
static const gradus_real *packed(gradus_node *n, const gradus_conv *k,
                                 const gradus_conv_way *way,
                                 gradus_real *scratch)
{
    conv2d_node *c = (conv2d_node *)n;
    const size_t bytes = n->param[0].size * sizeof *k->W;
    gradus_real *W = n->cached, *to = scratch;

    if (!way->pack)
        return NULL;
    if (W && room_for_W(n) + gradus_conv_packed(way, k) <= n->cache) {
        to = W + room_for_W(n);
        if (c->cached_for == way && memcmp(W, k->W, bytes) == 0)
            return to;
        memcpy(W, k->W, bytes);
        c->cached_for = way;
    }
    way->pack(k, to);
    return to;
}

static void forward(gradus_node *n, gradus_part p)
{
    gradus_conv k = conv_of(n, p);
    const gradus_conv_way *way = gradus_conv_best(&k, false);
    const size_t first = (size_t)p.row * (size_t)k.groups;
    gradus_real *scratch = p.scratch + gradus_conv_packed(way, &k);

    k.packed = packed(n, &k, way, p.scratch);
    if (way->begin)
        way->begin(&k, scratch);
    for (size_t i = first; i < first + gradus_count(p, k.groups); i++) {
        const gradus_conv_sample s = image(n, &k, i);
        way->forward(&k, &s, scratch);
    }
    if (way->end)
        way->end(&k, scratch);
}

/* Adds to dx, or sets it, and adds to this slice's shares of dW and db. */
static void backward(gradus_node *n, gradus_part p)
{
    const gradus_conv k = conv_of(n, p);
    const gradus_conv_way *way = gradus_conv_best(&k, true);
    const size_t first = (size_t)p.row * (size_t)k.groups;

    if (way->begin_back)
        way->begin_back(&k, p.scratch);
    for (size_t i = first; i < first + gradus_count(p, k.groups); i++) {
        gradus_conv_sample s = image(n, &k, i);
        s.dz = n->result->dy + i * gradus_conv_z_size(&k);
        s.dW = gradus_share(n, 0, p) + s.group * gradus_conv_weights(&k);
        s.db = k.b ? gradus_share(n, 1, p) + s.group * k.out : NULL;
        s.set_dx = n->first[0];
        s.dx = n->in[0]->dy ? n->in[0]->dy + i * gradus_conv_x_size(&k) : NULL;
        way->backward(&k, &s, p.scratch);
    }
    if (way->end_back)
        way->end_back(&k, p.scratch, gradus_share(n, 0, p));
}

/* compile asks (see gradus_op) whether this convolution can also compute a
 * ReLU and a max pooling of 2 x 2 behind it, in either order: it can if a fast
 * way can.  That computes them from numbers that are still in registers, which
 * saves four of five passes over the largest arrays. */
static bool fuse(gradus_node *n, const gradus_node *user)
{
    conv2d_node *c = (conv2d_node *)n;
    gradus_conv k = c->conv;

    if (user->op == &gradus_relu_op && !k.relu)
        k.relu = true;
    else if (gradus_is_max2(user) && !k.max2)
        k.max2 = true;
    else
        return false;
    if (!gradus_conv_best(&k, false) || !gradus_conv_best(&k, true))
        return false;
    c->conv = k;
    if (k.max2) /* argmax has one byte for each number of z */
        n->keep_row = (size_t)(user->size - 1) / sizeof *n->kept + 1;
    set_memory(n, &k);
    return true;
}

/* ---- constructor ----------------------------------------------------- */

/* Builds the node from the settings of a model file.  A file without channels
 * or kernel is refused, as 0 is no valid number of either. */
static gradus_node *make(const gradus_saved *s)
{
    const gradus_attr *a = s->attr;
    gradus_conv2d_options o = {
        .stride = gradus_attr_int(a, "stride", 1),
        .padding = gradus_attr_int(a, "padding", 0),
        .groups = gradus_attr_int(a, "groups", 1),
        .no_bias = gradus_attr_int(a, "bias", 1) == 0,
    };

    return gradus_conv2d(s->in[0],
                         gradus_attr_int(a, "channels", 0),
                         gradus_attr_int(a, "kernel", 0), &o);
}

const gradus_op gradus_conv2d_op = {
    .name = "conv", .forward = forward, .backward = backward,
    .sets_dx = true, .fuse = fuse, .make = make,
};

/* Checks that no array of x that a way may need for one image has more than
 * INT32_MAX / 2 numbers: the padded image, or the columns [in k k, h w] of
 * kernels/conv_gemm.c. */
static gradus_node *check_size(gradus_node *n, const gradus_conv *k)
{
    double image = (double)k->in * (k->height + 2. * k->padding) *
                   (k->width + 2. * k->padding);
    double columns = (double)k->in * k->kernel * k->kernel * k->out_height *
                     k->out_width;

    if (image > INT32_MAX / 2 || columns > INT32_MAX / 2)
        return gradus_fail(n, "an image has %.0f numbers with its padding and "
                           "%.0f as columns; must have at most %d", image,
                           columns, INT32_MAX / 2);
    return n;
}

/* With a kernel and a stride of 1, and so without padding, an image may as
 * well be one long line, however narrow it is. */
static void flatten(gradus_conv *k)
{
    k->width *= k->height;
    k->out_width *= k->out_height;
    k->height = k->out_height = 1;
}

gradus_node *gradus_conv2d(gradus_node *x, int channels, int kernel,
                           const gradus_conv2d_options *options)
{
    gradus_conv2d_options o =
        options ? *options : (gradus_conv2d_options){ 0 };
    gradus_node *n =
        gradus_append(NULL, &gradus_conv2d_op, sizeof(conv2d_node), 1, &x);

    o.stride = o.stride ? o.stride : 1;
    o.groups = o.groups ? o.groups : 1;
    if (!n)
        return NULL;
    if (channels < 1)
        return gradus_fail(n, "channels is %d; must be at least 1", channels);
    if (o.groups < 1 || x->shape[0] % o.groups || channels % o.groups)
        return gradus_fail(n, "groups is %d; must be at least 1, and divide "
                           "the %d channels of %s and the %d of this node",
                           o.groups, x->shape[0], x->name, channels);
    n = gradus_set_attr(n, "channels", 1, &(double){ channels });
    n = gradus_set_attr(n, "kernel", 1, &(double){ kernel });
    n = gradus_set_windows(n, channels, kernel, o.stride, o.padding, kernel);
    n = gradus_set_attr(n, "groups", 1, &(double){ o.groups });
    n = gradus_set_attr(n, "bias", 1, &(double){ !o.no_bias });
    if (!n)
        return NULL;
    gradus_conv *k = &((conv2d_node *)n)->conv;
    *k = (gradus_conv){
        .in = x->shape[0] / o.groups, .height = x->shape[1],
        .width = x->shape[2], .out = channels / o.groups,
        .out_height = n->shape[1], .out_width = n->shape[2],
        .kernel = kernel, .stride = o.stride, .padding = o.padding,
        .groups = o.groups, .samples = 1, .simd = gradus_simd_here() };
    if (kernel == 1 && o.stride == 1)
        flatten(k);
    n = gradus_add_param(n, "weight", 4,
                         (int[]){ channels, k->in, kernel, kernel },
                         GRADUS_INIT_HE, 0);
    if (!o.no_bias)
        n = gradus_add_param(n, "bias", 1, &channels, GRADUS_INIT_ZERO, 0);
    if (!n || !check_size(n, k))
        return NULL;
    set_memory(n, k);
    return n;
}
