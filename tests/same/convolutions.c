/* convolutions.c -- every way to compute a convolution, forward and backward.
 *
 * Most nets have two convolutions with the same settings and the same nodes
 * behind each.  Only the second one computes a gradient of its operand. */
#include "same.h"

typedef struct {
    int in, height, width, channels, kernel;
    gradus_conv2d_options o;
    const char *behind; /* a letter for each node behind it: see add_behind */
} setting;

static gradus_node *add_behind(gradus_node *h, const char *behind)
{
    for (; *behind; behind++)
        switch (*behind) {
        case 'r': h = gradus_relu(h); break;
        case 'l': h = gradus_leaky_relu(h, 0.1); break;
        case 'b': h = gradus_batchnorm(h); break;
        case '2': h = gradus_maxpool2d(h, 2, NULL); break;
        case '3': h = gradus_maxpool2d(h, 3, NULL); break;
        case 'o':
            h = gradus_maxpool2d(h, 3, &(gradus_pool2d_options){
                                           .stride = 2, .padding = 1 });
            break;
        case 'a': h = gradus_avgpool2d(h, 2, NULL); break;
        }
    return h;
}

static void two(same_model *m, const void *with)
{
    const setting *s = with;
    gradus_node *h = same_image(m, REALS, s->in, s->height, s->width);

    for (int i = 0; i < 2; i++)
        h = add_behind(gradus_conv2d(h, s->channels, s->kernel, &s->o),
                       s->behind);
    gradus_softmax_ce(gradus_dense(h, 5), same_labels(m, 1, 5), NULL);
}

/* A net with one convolution, whose input wants a gradient. */
static void wanted(same_model *m, const void *with)
{
    const setting *s = with;
    gradus_node *h = same_image(m, REALS, s->in, s->height, s->width);

    m->wanted = h;
    same_must(!gradus_want_gradient(h), "want_gradient");
    h = add_behind(gradus_conv2d(h, s->channels, s->kernel, &s->o),
                   s->behind);
    gradus_softmax_ce(gradus_dense(h, 5), same_labels(m, 1, 5), NULL);
}

/* A net in which the convolution has several users, so that nothing is fused
 * into it. */
static void shared(same_model *m, const void *with)
{
    const setting *s = with;
    gradus_node *h = same_image(m, REALS, s->in, s->height, s->width);

    h = gradus_conv2d(h, s->channels, s->kernel, &s->o);
    h = gradus_add(h, gradus_relu(h));
    h = add_behind(h, s->behind);
    gradus_softmax_ce(gradus_dense(h, 5), same_labels(m, 1, 5), NULL);
}

#define CONV(...) &(const setting){ 4, 20, 19, __VA_ARGS__ }
#define FEW { 1, 65 }

/* Convolutions with a stride of 1, into which nodes behind them are fused. */
static int fusing(void)
{
    const same_case c[] = {
        { "conv 3", two, CONV(13, 3, { 0 }, "l"), NULL, { 1, 65, 129 } },
        { "conv 3 relu", two, CONV(13, 3, { .padding = 1 }, "r"), NULL, FEW },
        { "conv 3 no bias", two, CONV(6, 3, { .no_bias = 1 }, "r"), NULL,
          FEW },
        { "conv 3 padding 2", two, CONV(7, 3, { .padding = 2 }, "r"), NULL,
          FEW },
        { "conv 3 norm", two, CONV(8, 3, { .padding = 1, .no_bias = 1 }, "br"),
          NULL, FEW },
        { "conv 2", two, CONV(9, 2, { .padding = 1 }, "r"), NULL, FEW },
        { "conv 3 relu max", two, CONV(13, 3, { 0 }, "r2"), NULL,
          { 1, 64, 65, 129, 300 } },
        { "conv 3 max relu", two, CONV(6, 3, { .padding = 1 }, "2r"), NULL,
          FEW },
        { "conv 3 max", two, CONV(6, 3, { .padding = 1 }, "2"), NULL, FEW },
        { "conv 3 max leaky", two, CONV(6, 3, { .no_bias = 1 }, "2l"), NULL,
          FEW },
        { "conv 5 relu max", two, CONV(11, 5, { .padding = 2 }, "r2"), NULL,
          FEW },
        { "conv 5 odd", two, CONV(5, 5, { 0 }, "r2"), NULL, FEW },
        { "conv 4 relu max", two, CONV(10, 4, { .padding = 1 }, "r2"), NULL,
          FEW },
        { "conv 2 max relu", two, CONV(10, 2, { 0 }, "2r"), NULL, FEW },
        { "conv 2 norm max", two, CONV(8, 2, { .padding = 1 }, "b2r"), NULL,
          FEW },
    };

    return same_run(c, sizeof c / sizeof *c);
}

/* Convolutions by matrix products, and backward passes in which most of the
 * gradient is zero. */
static int others(void)
{
    const same_case c[] = {
        { "conv 1", two, CONV(12, 1, { 0 }, "r"), NULL, { 1, 65, 129 } },
        { "conv 1 relu max", two, CONV(12, 1, { .no_bias = 1 }, "r2"), NULL,
          FEW },
        { "conv 1 stride 2", two, CONV(12, 1, { .stride = 2 }, "l"), NULL,
          FEW },
        { "conv 3 stride 2", two, CONV(13, 3, { .stride = 2, .padding = 1 },
                                       "r"), NULL, { 1, 65, 129 } },
        { "conv 5 stride 3", two, CONV(7, 5, { .stride = 3, .padding = 2 },
                                       "l"), NULL, FEW },
        { "conv 3 stride 2 sparse", two,
          CONV(8, 3, { .stride = 2, .padding = 1 }, "r2"), NULL, FEW },
        { "conv 3 sparse", two, CONV(8, 3, { .padding = 1 }, "r3"), NULL,
          FEW },
        { "conv 3 sparse overlap", two, CONV(8, 3, { .padding = 1 }, "ro"),
          NULL, FEW },
        { "conv 3 sparse plain", two, CONV(8, 3, { .no_bias = 1 }, "3l"),
          NULL, FEW },
        { "conv 3 mean", two, CONV(8, 3, { .padding = 1 }, "ra"), NULL, FEW },
        { "conv groups", two, CONV(8, 3, { .padding = 1, .groups = 2 }, "r"),
          NULL, FEW },
        { "conv groups max", two, CONV(8, 3, { .padding = 1, .groups = 4 },
                                       "r2"), NULL, FEW },
        { "conv groups stride", two,
          CONV(12, 3, { .stride = 2, .padding = 1, .groups = 4 }, "r"), NULL,
          FEW },
        { "conv groups sparse", two, CONV(8, 3, { .groups = 2 }, "r3"), NULL,
          FEW },
        { "conv depthwise", two, CONV(4, 3, { .padding = 1, .groups = 4 },
                                      "r"), NULL, { 1, 65, 129 } },
        { "conv depthwise 1", two, CONV(4, 1, { .groups = 4 }, "r"), NULL,
          FEW },
        { "conv depthwise stride", two,
          CONV(4, 3, { .stride = 2, .padding = 1, .groups = 4,
                       .no_bias = 1 }, "l"), NULL, FEW },
    };

    return same_run(c, sizeof c / sizeof *c);
}

#define LARGE(...) &(const setting){ 3, 45, 50, __VA_ARGS__ }

static int gradients(void)
{
    const same_case c[] = {
        { "conv dx", wanted, CONV(6, 3, { .padding = 1 }, "r"), NULL, { 65 } },
        { "conv dx plain", wanted, CONV(6, 3, { 0 }, "l"), NULL, { 65 } },
        { "conv dx max", wanted, CONV(6, 5, { .padding = 2 }, "r2"), NULL,
          { 65 } },
        { "conv dx sparse", wanted, CONV(6, 3, { 0 }, "r3"), NULL, { 65 } },
        { "conv dx stride", wanted, CONV(6, 3, { .stride = 2 }, "r"), NULL,
          { 65 } },
        { "conv dx stride sparse", wanted, CONV(6, 3, { .stride = 2 }, "r2"),
          NULL, { 65 } },
        { "conv dx pointwise", wanted, CONV(6, 1, { 0 }, "r"), NULL, { 65 } },
        { "conv dx groups", wanted, CONV(8, 4, { .padding = 2, .groups = 4 },
                                         "r2"), NULL, { 65 } },
        { "conv shared", shared, CONV(6, 3, { .padding = 1 }, "r"), NULL,
          FEW },
        { "conv shared max", shared, CONV(6, 3, { .padding = 1 }, "2"), NULL,
          FEW },
        { "conv large", two, LARGE(9, 3, { .padding = 1 }, "r"), NULL, { 9 } },
        { "conv large max", two, LARGE(9, 5, { .padding = 2 }, "r2"), NULL,
          { 9 } },
        { "conv large stride", two, LARGE(9, 5, { .stride = 2 }, "l"), NULL,
          { 9 } },
        { "conv large sparse", two, LARGE(9, 3, { 0 }, "ro"), NULL, { 9 } },
    };

    return same_run(c, sizeof c / sizeof *c);
}

int same_convolutions(void)
{
    return fusing() + others() + gradients();
}
