/* layers.c -- every layer but the convolutions, with every setting that
 * changes what it computes. */
#include "same.h"

#include "../signatures.h"

static void end(same_model *m, gradus_node *h)
{
    gradus_softmax_ce(gradus_dense(h, 7), same_labels(m, 1, 7), NULL);
}

static void must(int error)
{
    same_must(!error, "a setting");
}

static void dense(same_model *m, const void *with)
{
    gradus_node *h = same_input(m, 40);

    (void)with;
    h = gradus_relu(gradus_dense(h, 300));
    end(m, gradus_leaky_relu(gradus_dense(h, 65), 0.1));
}

/* One node that has all activation functions as its users. */
static void functions(same_model *m, const void *with)
{
    gradus_node *h = gradus_dense(same_input(m, 30), 64);
    gradus_node *f[] = {
        gradus_relu(h),    gradus_leaky_relu(h, -0.3), gradus_sigmoid(h),
        gradus_tanh(h),    gradus_gelu(h),             gradus_silu(h),
        gradus_softmax(h), h,
    };

    (void)with;
    end(m, gradus_concat(8, f));
}

static void dropout(same_model *m, const void *with)
{
    gradus_node *h = gradus_dropout(same_input(m, 40), 0.2);

    (void)with;
    h = gradus_relu(gradus_dropout(gradus_dense(h, 96), 0.5));
    end(m, gradus_dropout(h, 0));
}

static void layernorm(same_model *m, const void *with)
{
    gradus_node *h = gradus_layernorm(gradus_dense(same_input(m, 30), 60));

    (void)with;
    h = gradus_gelu(gradus_reshape(h, 3, (int[]){ 3, -1, 5 }));
    end(m, gradus_flatten(gradus_layernorm(h)));
}

static void batchnorm(same_model *m, const void *with)
{
    gradus_node *h = same_image(m, REALS, 3, 7, 6);

    (void)with;
    h = gradus_relu(gradus_batchnorm(h));
    h = gradus_relu(gradus_batchnorm(gradus_dense(h, 50)));
    end(m, h);
}

/* Three batch normalisations.  One is frozen, and in a residual branch. */
static void batchnorms(same_model *m, const void *with)
{
    gradus_node *h = gradus_dense(same_input(m, 30), 48);
    gradus_node *frozen = gradus_batchnorm(h);

    (void)with;
    must(gradus_set_group(frozen, 0, 1));
    h = gradus_add(h, gradus_dense(gradus_silu(frozen), 48));
    end(m, gradus_batchnorm(gradus_batchnorm(h)));
}

/* An embedding of tokens, and a softmax_ce over the last axis at each
 * position. */
static void embedding(same_model *m, const void *with)
{
    gradus_node *h = same_other(m, WHOLE, 12, 30);

    (void)with;
    h = gradus_layernorm(gradus_embedding(h, 30, 16));
    h = gradus_softmax(gradus_add(h, gradus_tanh(h)));
    h = gradus_reshape(gradus_dense(h, 12 * 9), 2, (int[]){ 12, 9 });
    gradus_softmax_ce(h, same_labels(m, 12, 9),
                      &(gradus_softmax_ce_options){ .last_axis = 1 });
}

/* A softmax of logits to which a mask of 0 and -inf is added. */
static void masked(same_model *m, const void *with)
{
    gradus_node *h = same_input(m, 40);
    gradus_node *mask = same_other(m, MASK, 64, 16);

    (void)with;
    m->mute = 1;
    h = gradus_reshape(gradus_dense(h, 64), 2, (int[]){ 4, 16 });
    mask = gradus_reshape(mask, 2, (int[]){ 4, 16 });
    end(m, gradus_softmax(gradus_add(h, mask)));
}

/* Nodes that have several users.  One of them is an operand twice. */
static void fans(same_model *m, const void *with)
{
    gradus_node *x = same_input(m, 40);
    gradus_node *h = gradus_relu(gradus_dense(x, 80));
    gradus_node *f = gradus_dense(gradus_relu(gradus_dense(h, 50)), 80);

    (void)with;
    m->wanted = x;
    must(gradus_want_gradient(x));
    h = gradus_relu(gradus_add(h, gradus_add(f, h)));
    h = gradus_add(h, h);
    end(m, gradus_concat(4, (gradus_node *[]){ h, x, h, f }));
}

/* Images joined along their channels. */
static void concat(same_model *m, const void *with)
{
    gradus_node *x = same_image(m, REALS, 3, 8, 8);
    gradus_node *h = gradus_batchnorm(x);
    gradus_node *f[] = { x, gradus_relu(h), maxpool(h, 3, 1, 1),
                         avgpool(x, 3, 1, 1) };

    (void)with;
    h = gradus_concat(1, (gradus_node *[]){ gradus_concat(4, f) });
    end(m, gradus_global_avgpool2d(gradus_conv2d(h, 8, 3, NULL)));
}

typedef gradus_node *(*pool)(gradus_node *x, int size, int stride,
                             int padding);
typedef struct {
    pool pool;
} pooling;

/* Pools of all sizes, behind a node to which they pass their gradient on. */
static void pools(same_model *m, const void *with)
{
    const pool p = ((const pooling *)with)->pool;
    gradus_node *h = gradus_batchnorm(same_image(m, REALS, 3, 11, 14));
    gradus_node *f[] = {
        gradus_flatten(p(h, 2, 2, 0)), gradus_flatten(p(h, 2, 0, 1)),
        gradus_flatten(p(h, 3, 2, 1)), gradus_flatten(p(h, 3, 1, 0)),
        gradus_flatten(p(h, 4, 3, 2)), gradus_flatten(p(h, 2, 1, 1)),
        gradus_flatten(p(h, 5, 7, 0)), gradus_global_avgpool2d(h),
    };

    end(m, gradus_concat(8, f));
}

/* Maxima behind a ReLU, which makes many values equal. */
static void ties(same_model *m, const void *with)
{
    gradus_node *h = gradus_relu(gradus_batchnorm(
        same_image(m, PIXELS, 2, 12, 13)));

    (void)with;
    h = maxpool(maxpool(h, 2, 2, 0), 3, 1, 1);
    end(m, gradus_relu(h));
}

/* ---- inputs ----------------------------------------------------------- */

static const double mean[] = { 0.1, 0.2, 0.3 }, std[] = { 0.3, 0.4, 0.5 };

static void normalised(same_model *m, const void *with)
{
    const same_kind kind = *(const same_kind *)with;
    gradus_node *h = same_image(m, kind, 3, 9, 7);

    must(gradus_normalise(h, mean, std));
    end(m, gradus_relu(gradus_dense(h, 40)));
}

static void normalised_values(same_model *m, const void *with)
{
    gradus_node *h = same_input(m, 50);

    (void)with;
    must(gradus_normalise(h, mean, std));
    end(m, gradus_relu(gradus_dense(h, 60)));
}

static void augmented(same_model *m, const void *with)
{
    gradus_node *h = same_image(m, PIXELS, 3, 13, 12);

    must(gradus_normalise(h, mean, std));
    must(gradus_augment(h, with));
    end(m, gradus_relu(gradus_dense(h, 40)));
}

static void augmented_reals(same_model *m, const void *with)
{
    gradus_node *h = same_image(m, REALS, 1, 10, 15);

    must(gradus_augment(h, with));
    end(m, gradus_relu(gradus_dense(h, 40)));
}

#define AUGMENT(...) &(const gradus_augment_options){ __VA_ARGS__ }

static int inputs(void)
{
    const same_kind reals = REALS, pixels = PIXELS;
    const same_case c[] = {
        { "normalise reals", normalised, &reals, NULL, { 1, 65 } },
        { "normalise pixels", normalised, &pixels, NULL, { 1, 65 } },
        { "normalise values", normalised_values, NULL, NULL, { 1, 65 } },
        { "augment shift", augmented, AUGMENT(.shift = 2), NULL, { 65 } },
        { "augment rotate", augmented, AUGMENT(.rotate = 20), NULL, { 65 } },
        { "augment scale", augmented, AUGMENT(.scale = 0.2), NULL, { 65 } },
        { "augment elastic", augmented, AUGMENT(.elastic = 34), NULL,
          { 65 } },
        { "augment flip", augmented, AUGMENT(.flip = 1), NULL, { 65 } },
        { "augment all", augmented,
          AUGMENT(.shift = 1.5, .rotate = 15, .scale = 0.1, .elastic = 20,
                  .sigma = 3, .flip = 1), NULL, { 1, 65, 129 } },
        { "augment reals", augmented_reals,
          AUGMENT(.shift = 1, .rotate = 10, .scale = 0.1, .elastic = 10,
                  .flip = 1), NULL, { 65 } },
    };

    return same_run(c, sizeof c / sizeof *c);
}

int same_layers(void)
{
    const pooling max = { maxpool }, average = { avgpool };
    const same_case c[] = {
        { "dense", dense, NULL, NULL, { 1, 64, 65, 129, 300 } },
        { "functions", functions, NULL, NULL, { 1, 64, 65, 129, 300 } },
        { "dropout", dropout, NULL, NULL, { 1, 65, 129, 300 } },
        { "layernorm", layernorm, NULL, NULL, { 1, 65, 129, 300 } },
        { "batchnorm", batchnorm, NULL, NULL, { 4, 64, 65, 129, 300 } },
        { "batchnorms", batchnorms, NULL, NULL, { 4, 65, 129, 300 } },
        { "embedding", embedding, NULL, NULL, { 1, 65, 129, 300 } },
        { "masked", masked, NULL, NULL, { 1, 65, 300 } },
        { "fans", fans, NULL, NULL, { 1, 64, 65, 129, 300 } },
        { "concat", concat, NULL, NULL, { 1, 65 } },
        { "maxpool", pools, &max, NULL, { 1, 65, 129 } },
        { "avgpool", pools, &average, NULL, { 1, 65, 129 } },
        { "ties", ties, NULL, NULL, { 1, 65, 129 } },
    };

    return same_run(c, sizeof c / sizeof *c) + inputs();
}
