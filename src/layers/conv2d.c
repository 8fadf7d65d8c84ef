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
 *   x [B,C,H,W]   y [B,K,h,w]   W [K,C/groups,k,k]   b [K]
 *   h = (H + 2p - k) / s + 1, rounded down, and w likewise, for stride s and
 *   padding p, in lines or columns of x
 *
 * kernels/conv_plain.c computes this for one group of channels of one sample
 * (row of the batch), and the other files conv_*.c beside it do so by faster
 * ways.  This file chooses the way, and goes through the samples: through all
 * groups of one before the next, so that the sample stays in cache.
 */
#include "gradus_layer.h"

#include "kernels/conv.h"
#include "layers/layers.h"

/* forward and backward are the fastest ways that fit conv, and node.scratch is
 * enough for both: choose_ways sets them whenever conv changes. */
typedef struct {
    gradus_node node;
    gradus_conv conv; /* its W and b stay NULL: see conv_of */
    const gradus_conv_way *forward, *backward;
} conv2d_node;

/* Chooses the ways and the size of the scratch memory.  backward needs memory
 * for three things at once: the fastest way for a dense dy; the way that it
 * takes if most of dy is 0; and a copy of dy behind a ReLU. */
static void choose_ways(conv2d_node *c)
{
    const gradus_conv *k = &c->conv;

    c->forward = gradus_conv_best(k, false);
    c->backward = gradus_conv_best(k, true);
    size_t forward = c->forward->scratch(k);
    size_t back = c->backward->scratch(k) + gradus_conv_nonzero.scratch(k) +
                  gradus_conv_z_size(k);
    c->node.scratch = forward > back ? forward : back;
}

/* ---- the nodes behind it --------------------------------------------- */

/* Is n a max pooling over squares of 2 x 2 side by side? */
static bool is_max2(const gradus_node *n)
{
    return n->op == &gradus_maxpool2d_op &&
           gradus_attr_int(n->attr, "size", 0) == 2 &&
           gradus_attr_int(n->attr, "stride", 0) == 2 &&
           gradus_attr_int(n->attr, "padding", 0) == 0;
}

/* Asked by compile, see gradus_op: lets the convolution compute a ReLU and a
 * max pooling of 2 x 2 behind it too, in either order, if a fast way can.  The
 * fast way computes them from numbers that are still in registers, which saves
 * four of five passes over the largest arrays. */
static bool fuse(gradus_node *n, const gradus_node *user)
{
    conv2d_node *c = (conv2d_node *)n;
    gradus_conv k = c->conv;

    if (user->op == &gradus_relu_op && !k.relu)
        k.relu = true;
    else if (is_max2(user) && !k.max2)
        k.max2 = true;
    else
        return false;
    if (gradus_conv_best(&k, false) == &gradus_conv_plain)
        return false;
    c->conv = k;
    if (k.max2) /* argmax has one byte for each number of z */
        n->keep_row = (size_t)(user->size - 1) / sizeof *n->kept + 1;
    choose_ways(c);
    return true;
}

/* ---- forward --------------------------------------------------------- */

/* The convolution with its weights and biases in place.  They are looked up in
 * each call: the constructor, which sets conv, runs before compile places
 * them. */
static gradus_conv conv_of(const conv2d_node *c)
{
    gradus_conv k = c->conv;

    k.W = c->node.param[0].w;
    k.b = c->node.n_params > 1 ? c->node.param[1].w : NULL;
    return k;
}

/* The arrays of one group of channels of a row.  z is a part of the y of the
 * last node that is computed here, n->result; the gradients are NULL if there
 * is no backward pass.  dW and db are shares of the slice of p. */
static gradus_conv_sample sample_of(const gradus_node *n, const gradus_conv *k,
                                    gradus_part p, int row, int group)
{
    const size_t i = (size_t)row * (size_t)k->groups + (size_t)group;
    const size_t x = i * gradus_conv_x_size(k), z = i * gradus_conv_z_size(k);
    gradus_conv_sample s = { .group = group, .x = n->in[0]->y + x,
                             .z = n->result->y + z };

    if (k->max2 && n->kept)
        s.argmax = (uint8_t *)(n->kept + (size_t)row * n->keep_row) +
                   (size_t)group * gradus_conv_z_size(k);
    if (!n->result->dy)
        return s; /* no gradient passes through this node */
    s.dz = n->result->dy + z;
    s.dW = gradus_share(n, 0, p) +
           (size_t)group * gradus_conv_weights(k);
    if (k->b)
        s.db = gradus_share(n, 1, p) + group * k->out;
    if (n->in[0]->dy)
        s.dx = n->in[0]->dy + x;
    return s;
}

static void forward(gradus_node *n, gradus_part p)
{
    const conv2d_node *c = (const conv2d_node *)n;
    const gradus_conv k = conv_of(c);

    if (c->forward->begin)
        c->forward->begin(&k, p.scratch);
    for (int i = p.row; i < p.row + p.rows; i++)
        for (int group = 0; group < k.groups; group++) {
            const gradus_conv_sample s = sample_of(n, &k, p, i, group);
            c->forward->forward(&k, &s, p.scratch);
        }
}

/* ---- back ------------------------------------------------------------ */

/* dy [n] = dz [n] where the ReLU's output z [n] is above 0, and 0 elsewhere.
 * Returns dy. */
static const gradus_real *back_through_relu(const gradus_conv_sample *s,
                                            size_t n, gradus_real *dy)
{
    for (size_t i = 0; i < n; i++) {
        gradus_real d = s->dz[i]; /* always read, so no branch is needed */
        dy[i] = s->z[i] > 0 ? d : 0;
    }
    return dy;
}

/* Goes back through each sample by the way for a sparse dz if most of that
 * group's dz is 0 or max2 is set, and by the way for a dense dz otherwise.
 * Each of the two ways is begun only once it is needed. */
static void backward(gradus_node *n, gradus_part p)
{
    const conv2d_node *c = (const conv2d_node *)n;
    const gradus_conv k = conv_of(c);
    const size_t z = gradus_conv_z_size(&k);
    /* way[0] is for a dense dz, way[1] for one that is mostly 0 */
    const gradus_conv_way *const way[] = { c->backward, &gradus_conv_nonzero };
    gradus_real *const scratch[] = { p.scratch,
                                     p.scratch + way[0]->scratch(&k) };
    gradus_real *behind_relu = scratch[1] + way[1]->scratch(&k);
    bool begun[2] = { false, false };

    for (int i = p.row; i < p.row + p.rows; i++)
        for (int group = 0; group < k.groups; group++) {
            gradus_conv_sample s = sample_of(n, &k, p, i, group);
            if (k.relu && !k.max2)
                s.dz = back_through_relu(&s, z, behind_relu);
            const int w = k.max2 || gradus_conv_is_sparse(s.dz, z);
            if (!begun[w] && way[w]->begin_back)
                way[w]->begin_back(&k, scratch[w]);
            begun[w] = true;
            way[w]->backward(&k, &s, scratch[w]);
        }
    if (begun[1])
        gradus_conv_nonzero.end_back(&k, scratch[1],
                                     gradus_share(n, 0, p));
}

/* ---- constructor ----------------------------------------------------- */

/* Builds the node from the settings of a model file.  One without channels or
 * kernel is refused, as 0 is no valid number of either. */
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
    .fuse = fuse, .make = make,
};

/* Returns 1, with a message, if the settings do not make sense for the
 * operand; otherwise 0. */
static int settings_are_wrong(gradus_node *n, int channels, int kernel,
                              const gradus_conv2d_options *o)
{
    const gradus_node *x = n->in[0];

    if (x->rank != 3)
        return gradus_fail(n, "%s has rank %d; must be 3, as "
                           "[channels,height,width]", x->name, x->rank), 1;
    if (channels < 1 || kernel < 1 || o->stride < 1 || o->groups < 1)
        return gradus_fail(n, "channels %d, kernel %d, stride %d, groups %d; "
                           "must all be at least 1", channels, kernel,
                           o->stride, o->groups), 1;
    if (o->padding < 0 || o->padding >= kernel)
        return gradus_fail(n, "padding is %d; must be 0 to %d, below the "
                           "kernel of %d", o->padding, kernel - 1, kernel), 1;
    if (x->shape[0] % o->groups || channels % o->groups)
        return gradus_fail(n, "groups is %d; must divide the %d channels of "
                           "%s and the %d of this node", o->groups,
                           x->shape[0], x->name, channels), 1;
    for (int i = 1; i < 3; i++)
        if ((int64_t)x->shape[i] + 2 * (int64_t)o->padding < kernel)
            return gradus_fail(n, "the kernel of %d is larger than %s "
                               "[%d,%d,%d] with a padding of %d", kernel,
                               x->name, x->shape[0], x->shape[1], x->shape[2],
                               o->padding), 1;
    return 0;
}

/* Records the settings, so that model files hold them. */
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

/* Returns 1, with a message, if an array that a way may need for one group of
 * one sample has more than INT32_MAX / 2 numbers: the padded image, or the
 * columns [C/groups k k, h w] of kernels/conv_gemm.c. */
static int is_too_large(gradus_node *n, const gradus_conv *k)
{
    double ckk = (double)k->in * k->kernel * k->kernel;
    double image = (double)k->in * ((double)k->height + 2. * k->padding) *
                   ((double)k->width + 2. * k->padding);

    if (image > INT32_MAX / 2)
        return gradus_fail(n, "an image has %.0f numbers with its padding; "
                           "must be at most %d", image, INT32_MAX / 2), 1;
    if (ckk * n->shape[1] * n->shape[2] > INT32_MAX / 2)
        return gradus_fail(n, "the columns of an image are %.0f x %d numbers; "
                           "must be at most %d", ckk,
                           n->shape[1] * n->shape[2], INT32_MAX / 2), 1;
    return 0;
}

/* h or w of the equations, for an axis of x of length `size`. */
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
    c->conv = (gradus_conv){
        .in = x->shape[0] / o.groups, .height = x->shape[1],
        .width = x->shape[2], .out = channels / o.groups,
        .out_height = outputs(x->shape[1], kernel, &o),
        .out_width = outputs(x->shape[2], kernel, &o), .kernel = kernel,
        .stride = o.stride, .padding = o.padding, .groups = o.groups,
        .simd = gradus_simd_here() };
    n = gradus_set_shape(n, 3, (int[]){ channels, c->conv.out_height,
                                    c->conv.out_width });
    n = gradus_add_param(n, "weight", 4,
                         (int[]){ channels, c->conv.in, kernel, kernel },
                         GRADUS_INIT_HE, 0);
    if (!o.no_bias)
        n = gradus_add_param(n, "bias", 1, &channels, GRADUS_INIT_ZERO, 0);
    n = set_attrs(n, channels, kernel, &o);
    if (!n || is_too_large(n, &c->conv))
        return NULL;
    choose_ways(c);
    return n;
}
