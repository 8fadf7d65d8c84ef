/* losses.c -- every loss: y, L, and the gradients of its operand. */
#include "write.h"

#include "../signatures.h"

enum { CLASSES = 4 };

static const int32_t labels[] = { 0, 3, 2, 1, 3, 3, 1, 0, 2, 3, 0, 1 };
static const double class_weight[CLASSES] = { 0.5, 2, 1, 1.25 };
static gradus_real weights[WRITE_ROWS] = { 1, 0.5f, 2, 0.25f, 3, 1 };

typedef struct {
    const char *name;
    int positions;    /* in each row */
    int distribution; /* non-zero: the targets are distributions, not labels */
    int row_weights;  /* non-zero: with row weights */
    gradus_softmax_ce_options softmax;
} softmax_case;

static const softmax_case softmax_cases[] = {
    { .name = "softmax_ce", .positions = 1 },
    { .name = "softmax_ce_sum",
      .positions = 1,
      .softmax = { .reduction = GRADUS_REDUCE_SUM } },
    { .name = "softmax_ce_weights",
      .positions = 1,
      .softmax = { .class_weight = class_weight } },
    { .name = "softmax_ce_smoothing",
      .positions = 1,
      .softmax = { .label_smoothing = 0.1 } },
    { .name = "softmax_ce_ignore",
      .positions = 1,
      .softmax = { .use_ignore_label = 1, .ignore_label = 3 } },
    { .name = "softmax_ce_all",
      .positions = 1,
      .softmax = { .use_ignore_label = 1,
                   .ignore_label = 3,
                   .label_smoothing = 0.2,
                   .class_weight = class_weight } },
    { .name = "softmax_ce_positions",
      .positions = 2,
      .softmax = { .use_ignore_label = 1,
                   .ignore_label = 3,
                   .label_smoothing = 0.2,
                   .class_weight = class_weight } },
    { .name = "softmax_ce_last_axis",
      .positions = 2,
      .softmax = { .last_axis = 1, .class_weight = class_weight } },
    { .name = "softmax_ce_batch",
      .positions = 1,
      .softmax = { .reduction = GRADUS_REDUCE_MEAN_BATCH,
                   .use_ignore_label = 1,
                   .ignore_label = 3,
                   .class_weight = class_weight } },
    { .name = "softmax_ce_distribution",
      .positions = 1,
      .distribution = 1,
      .softmax = { .class_weight = class_weight } },
    { .name = "softmax_ce_distributions", .positions = 2, .distribution = 1 },
    { .name = "softmax_ce_row_weights", .positions = 1, .row_weights = 1 },
};

typedef struct {
    const char *name;
    gradus_node *(*make)(gradus_node *y, gradus_node *t,
                         const gradus_huber_options *options);
    int row_weights;
    gradus_huber_options regression;
} regression_case;

static const regression_case regression_cases[] = {
    { "mse", mse, 0, { .delta = 0 } },
    { "mse_sum", mse, 0, { .reduction = GRADUS_REDUCE_SUM } },
    { "mse_row_weights", mse, 1, { .delta = 0 } },
    { "huber", gradus_huber, 0, { .delta = 0 } },
    { "huber_delta", gradus_huber, 0, { .delta = 0.4 } },
    { "huber_sum", gradus_huber, 0, { .reduction = GRADUS_REDUCE_SUM } },
};

static gradus_node *loss_input(gradus_graph *g, int size)
{
    gradus_node *z = gradus_input(g, size);

    write_check(!z || gradus_want_gradient(z));
    return z;
}

/* Runs forward and backward on the rows that were fed, writes all results to
 * the files, and frees g. */
static void write_loss(gradus_graph *g)
{
    write_check(gradus_forward(g, NULL, WRITE_ROWS) || gradus_backward(g));
    write_data(g);
    gradus_real loss = (gradus_real)gradus_loss(g);
    write_numbers("loss", 0, NULL, &loss);
    write_value("y", gradus_node_at(g, gradus_node_count(g) - 1));
    write_gradients(g);
    gradus_graph_free(g);
}

static gradus_node *row_weights(gradus_graph *g)
{
    gradus_node *n = gradus_row_weights(g);

    write_check(!n || gradus_set_name(n, "rows"));
    return n;
}

static gradus_node *target(gradus_graph *g, int size)
{
    gradus_node *n = gradus_input(g, size);

    write_check(!n || gradus_set_name(n, "target"));
    return n;
}

/* Draws numbers in [0,1) and feeds them to the target t. */
static void into_unit(gradus_node *t)
{
    gradus_real *v = write_draw((size_t)WRITE_ROWS * (size_t)t->size);

    for (int i = 0; i < WRITE_ROWS * t->size; i++)
        v[i] = (v[i] + 2) / 4;
    write_check(gradus_feed(t, v, WRITE_ROWS));
}

static void write_softmax_ce(const softmax_case *c)
{
    int S = c->positions;
    gradus_softmax_ce_options o = c->softmax;
    gradus_graph *g = gradus_graph_new(1);

    write_case(c->name);
    gradus_node *z = loss_input(g, CLASSES * S);
    gradus_node *t = c->distribution ? gradus_image(g, CLASSES, 1, S)
                                     : gradus_labels(g, S);
    write_check(!t || gradus_set_name(t, "target"));
    o.row_weight = c->row_weights ? row_weights(g) : NULL;
    if (c->distribution)
        z = gradus_reshape(z, 3, (int[]){ CLASSES, 1, S });
    else if (S > 1)
        z = gradus_reshape(z, 2, o.last_axis ? (int[]){ S, CLASSES }
                                             : (int[]){ CLASSES, S });
    gradus_softmax_ce(z, t, &o);
    write_check(gradus_compile(g, WRITE_ROWS, 1));
    write_feed_inputs(g, 0);
    if (c->distribution)
        into_unit(t);
    else
        write_check(gradus_feed_labels(t, labels, WRITE_ROWS));
    if (o.row_weight)
        write_check(gradus_feed(o.row_weight, weights, WRITE_ROWS));
    write_loss(g);
}

static void write_regression(const regression_case *c)
{
    gradus_huber_options o = c->regression;
    gradus_graph *g = gradus_graph_new(1);

    write_case(c->name);
    gradus_node *y = loss_input(g, 5), *t = target(g, 5);
    o.row_weight = c->row_weights ? row_weights(g) : NULL;
    c->make(y, t, &o);
    write_check(gradus_compile(g, WRITE_ROWS, 1));
    write_feed_inputs(g, 0);
    if (o.row_weight)
        write_check(gradus_feed(o.row_weight, weights, WRITE_ROWS));
    write_loss(g);
}

static void write_sigmoid_ce(const char *name, const double *weight,
                             gradus_reduction reduction)
{
    gradus_sigmoid_ce_options o = { .class_weight = weight,
                                    .reduction = reduction };
    gradus_graph *g = gradus_graph_new(1);

    write_case(name);
    gradus_node *z = loss_input(g, CLASSES), *t = target(g, CLASSES);
    gradus_sigmoid_ce(z, t, &o);
    write_check(gradus_compile(g, WRITE_ROWS, 1));
    write_feed_inputs(g, 0);
    into_unit(t);
    write_loss(g);
}

void write_losses(void)
{
    for (size_t i = 0; i < sizeof softmax_cases / sizeof *softmax_cases; i++)
        write_softmax_ce(&softmax_cases[i]);
    for (size_t i = 0; i < sizeof regression_cases / sizeof *regression_cases;
         i++)
        write_regression(&regression_cases[i]);
    write_sigmoid_ce("sigmoid_ce", NULL, GRADUS_REDUCE_MEAN_VALID);
    write_sigmoid_ce("sigmoid_ce_weights", class_weight,
                     GRADUS_REDUCE_MEAN_VALID);
    write_sigmoid_ce("sigmoid_ce_sum", class_weight, GRADUS_REDUCE_SUM);
}
