/* losses.c -- every loss with every option, and several losses at once. */
#include "same.h"

#include "../signatures.h"

static const double class_weight[] = { 1, 0.5, 2, 0.1, 3 };

enum { CLASSES = 5 };

static gradus_node *body(same_model *m, int units)
{
    gradus_node *h = gradus_relu(gradus_dense(same_input(m, 30), 64));

    return gradus_dense(h, units);
}

/* ---- softmax and cross entropy ---------------------------------------- */

typedef struct {
    gradus_softmax_ce_options o;
    int weigh;         /* non-zero: with row weights */
    int positions;     /* 0 means 1 */
    int distributions; /* non-zero: the targets are distributions */
    int mask;          /* non-zero: 0 or -inf is added to each logit, and all
                          labels are 0 */
} softmax_setting;

/* Gives h the shape of logits: [B,K], [B,K,S] or [B,K,2,S/2], or with
 * last_axis [B,S,K] or [B,2,S/2,K]. */
static gradus_node *logits(gradus_node *h, const softmax_setting *s)
{
    const int n = s->positions;

    if (s->o.last_axis && n % 2 == 0)
        return gradus_reshape(h, 3, (int[]){ 2, n / 2, CLASSES });
    if (s->o.last_axis)
        return gradus_reshape(h, 2, (int[]){ n, CLASSES });
    if (n % 2 == 0 && n > 0)
        return gradus_reshape(h, 3, (int[]){ CLASSES, 2, n / 2 });
    return n ? gradus_reshape(h, 2, (int[]){ CLASSES, n }) : h;
}

static gradus_node *distributions(same_model *m, int positions)
{
    if (positions == 1)
        return same_other(m, SHARES, CLASSES, CLASSES);
    return same_image(m, SHARES, 2, positions / 2, CLASSES);
}

static void softmax(same_model *m, const void *with)
{
    softmax_setting s = *(const softmax_setting *)with;
    const int positions = s.positions ? s.positions : 1;
    gradus_node *h = body(m, CLASSES * positions);

    if (s.mask)
        h = gradus_add(h, same_other(m, MASK, CLASSES * positions, CLASSES));
    m->mute = s.mask;
    gradus_node *t = s.distributions ? distributions(m, positions)
                                     : same_labels(m, positions,
                                                   s.mask ? 1 : CLASSES);
    s.o.row_weight = s.weigh ? same_weights(m) : NULL;
    gradus_softmax_ce(logits(h, &s), t, &s.o);
}

#define SOFTMAX(...) softmax, &(const softmax_setting){ __VA_ARGS__ }
#define OPTIONS(...) .o = { __VA_ARGS__ }

static int softmaxes(void)
{
    const same_case c[] = {
        { "softmax", SOFTMAX(.weigh = 0), NULL, { 1, 64, 65, 129, 300 } },
        { "softmax batch",
          SOFTMAX(OPTIONS(.reduction = GRADUS_REDUCE_MEAN_BATCH)),
          NULL, { 1, 65 } },
        { "softmax sum", SOFTMAX(OPTIONS(.reduction = GRADUS_REDUCE_SUM)),
          NULL, { 65 } },
        { "softmax smooth", SOFTMAX(OPTIONS(.label_smoothing = 0.1)), NULL,
          { 1, 65 } },
        { "softmax ignore", SOFTMAX(OPTIONS(.use_ignore_label = 1,
                                            .ignore_label = 2)), NULL,
          { 65 } },
        { "softmax ignore batch",
          SOFTMAX(OPTIONS(.reduction = GRADUS_REDUCE_MEAN_BATCH,
                          .use_ignore_label = 1, .ignore_label = 1)), NULL,
          { 65 } },
        { "softmax classes", SOFTMAX(OPTIONS(.class_weight = class_weight)),
          NULL, { 1, 65, 300 } },
        { "softmax rows", SOFTMAX(.weigh = 1), NULL, { 65, 300 } },
        { "softmax rows sum", SOFTMAX(OPTIONS(.reduction = GRADUS_REDUCE_SUM),
                                      .weigh = 1), NULL, { 65 } },
        { "softmax rows batch",
          SOFTMAX(OPTIONS(.reduction = GRADUS_REDUCE_MEAN_BATCH), .weigh = 1),
          NULL,
          { 65 } },
        { "softmax places", SOFTMAX(.positions = 9), NULL, { 1, 65, 129 } },
        { "softmax image", SOFTMAX(.positions = 12), NULL, { 1, 65, 129 } },
        { "softmax last", SOFTMAX(OPTIONS(.last_axis = 1), .positions = 9),
          NULL, { 1, 65, 129 } },
        { "softmax shares", SOFTMAX(.distributions = 1), NULL, { 1, 65 } },
        { "softmax shares last",
          SOFTMAX(OPTIONS(.last_axis = 1, .class_weight = class_weight),
                  .weigh = 1, .positions = 4, .distributions = 1), NULL,
          { 65 } },
        { "softmax mask",
          SOFTMAX(OPTIONS(.reduction = GRADUS_REDUCE_SUM), .mask = 1), NULL,
          { 65 } },
        { "softmax all",
          SOFTMAX(OPTIONS(.label_smoothing = 0.1, .use_ignore_label = 1,
                          .ignore_label = 3, .class_weight = class_weight),
                  .weigh = 1, .positions = 7), NULL, { 65, 129 } },
    };

    return same_run(c, sizeof c / sizeof *c);
}

/* ---- the others ------------------------------------------------------- */

typedef gradus_node *(*regression)(gradus_node *y, gradus_node *t,
                                   const gradus_huber_options *o);
typedef struct {
    regression loss;
    gradus_huber_options o;
    int weigh;
} regression_setting;

static void regress(same_model *m, const void *with)
{
    regression_setting s = *(const regression_setting *)with;
    gradus_node *y = body(m, 18);

    s.o.row_weight = s.weigh ? same_weights(m) : NULL;
    s.loss(y, same_other(m, REALS, 18, 0), &s.o);
}

/* The target of the loss is the input of the net. */
static void autoencoder(same_model *m, const void *with)
{
    gradus_node *x = same_input(m, 50);

    (void)with;
    gradus_mse(gradus_dense(gradus_tanh(gradus_dense(x, 20)), 50), x, NULL);
}

typedef struct {
    gradus_sigmoid_ce_options o;
    int weigh, positions;
} sigmoid_setting;

static void sigmoid(same_model *m, const void *with)
{
    sigmoid_setting s = *(const sigmoid_setting *)with;
    gradus_node *z = body(m, CLASSES * s.positions);

    s.o.row_weight = s.weigh ? same_weights(m) : NULL;
    if (s.positions > 1)
        z = gradus_reshape(z, 2, (int[]){ CLASSES, s.positions });
    gradus_sigmoid_ce(z, same_other(m, PORTIONS, CLASSES * s.positions, 0),
                      &s.o);
}

/* Three losses, of which one has a weight. */
static void several(same_model *m, const void *with)
{
    gradus_node *h = gradus_relu(gradus_dense(same_input(m, 30), 64));
    gradus_node *a = gradus_mse(gradus_dense(h, 4),
                                same_other(m, REALS, 4, 0), NULL);

    (void)with;
    gradus_sigmoid_ce(gradus_dense(h, 6), same_other(m, PORTIONS, 6, 0),
                      NULL);
    gradus_softmax_ce(gradus_dense(h, 5), same_labels(m, 1, 5), NULL);
    same_must(!gradus_set_loss_weight(a, 0.3), "loss_weight");
}

#define REGRESS(...) regress, &(const regression_setting){ __VA_ARGS__ }
#define MSE(...) REGRESS(.loss = mse, __VA_ARGS__)
#define HUBER(...) REGRESS(.loss = gradus_huber, __VA_ARGS__)
#define SIGMOID(...) sigmoid, &(const sigmoid_setting){ __VA_ARGS__ }

int same_losses(void)
{
    const same_case c[] = {
        { "mse", MSE(.weigh = 0), NULL, { 1, 64, 65, 129, 300 } },
        { "mse sum", MSE(OPTIONS(.reduction = GRADUS_REDUCE_SUM)), NULL,
          { 5 } },
        { "mse rows", MSE(.weigh = 1), NULL, { 65, 300 } },
        { "mse rows batch", MSE(OPTIONS(.reduction = GRADUS_REDUCE_MEAN_BATCH),
                                .weigh = 1), NULL, { 65 } },
        { "huber", HUBER(.weigh = 0), NULL, { 1, 65, 300 } },
        { "huber delta", HUBER(OPTIONS(.reduction = GRADUS_REDUCE_SUM,
                                       .delta = 0.3), .weigh = 1), NULL,
          { 65 } },
        { "autoencoder", autoencoder, NULL, NULL, { 1, 65 } },
        { "sigmoid", SIGMOID(.positions = 1), NULL, { 1, 65, 300 } },
        { "sigmoid batch",
          SIGMOID(OPTIONS(.reduction = GRADUS_REDUCE_MEAN_BATCH), .weigh = 1,
                  .positions = 1), NULL,
          { 65 } },
        { "sigmoid classes", SIGMOID(OPTIONS(.class_weight = class_weight),
                                     .weigh = 1, .positions = 3), NULL,
          { 65, 129 } },
        { "sigmoid sum", SIGMOID(OPTIONS(.reduction = GRADUS_REDUCE_SUM),
                                 .positions = 4), NULL, { 65 } },
        { "several losses", several, NULL, NULL, { 1, 65, 300 } },
    };

    return softmaxes() + same_run(c, sizeof c / sizeof *c);
}
