/* steps.c -- takes a fixed number of steps on one thread.
 * bench/instructions.sh counts the instructions of these.
 *
 *   steps mlp STEPS      784-128-10, batch 64, SGD with momentum
 *   steps mlp256 STEPS   the same at batch 256
 *   steps cnn STEPS      cnn-8-16, batch 64, SGD with momentum
 *   steps norm STEPS     a convolution with batch normalisation, Adam
 *   steps deep STEPS     convolutions of 16 channels, one with a stride
 *   steps pools STEPS    pools of 3 x 3, and a sum with a ReLU behind it
 *   steps smooth STEPS   gelu, tanh, dropout, layer normalisation, and 1,000
 *                        classes
 *   steps infer STEPS    784-128-10, one row at a time
 *   steps answer STEPS   cnn-8-16, one row at a time
 *
 * The data are computed by a formula, so that no file is needed. */
#include "gradus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64, MOST = 256, PIXELS = 28 * 28 };

static uint8_t pixels[MOST * PIXELS];
static float values[MOST * PIXELS];
static int32_t labels[MOST];

static void make_data(void)
{
    for (int i = 0; i < MOST * PIXELS; i++) {
        unsigned noise = (unsigned)i * 2654435761u >> 24;
        pixels[i] = (uint8_t)(noise > 200 ? noise : 0);
        values[i] = (float)pixels[i] / 255;
    }
    for (int i = 0; i < MOST; i++)
        labels[i] = i % 10;
}

static gradus_node *mlp(gradus_node *h)
{
    return gradus_dense(gradus_relu(gradus_dense(h, 128)), 10);
}

static gradus_node *cnn(gradus_node *h)
{
    h = gradus_maxpool2d(gradus_relu(gradus_conv2d(h, 8, 5, NULL)), 2, NULL);
    h = gradus_maxpool2d(gradus_relu(gradus_conv2d(h, 16, 5, NULL)), 2, NULL);
    return gradus_dense(h, 10);
}

static gradus_node *norm(gradus_node *h)
{
    h = gradus_batchnorm(gradus_conv2d(h, 8, 3, NULL));
    return gradus_dense(gradus_maxpool2d(gradus_relu(h), 2, NULL), 10);
}

static gradus_node *deep(gradus_node *h)
{
    const gradus_conv2d_options same = { .padding = 1, .no_bias = 1 };
    const gradus_conv2d_options half = { .padding = 1, .stride = 2 };

    h = gradus_conv2d(gradus_maxpool2d(h, 2, NULL), 16, 3, &same);
    h = gradus_relu(gradus_batchnorm(h));
    h = gradus_relu(gradus_batchnorm(gradus_conv2d(h, 16, 3, &same)));
    return gradus_dense(gradus_relu(gradus_conv2d(h, 16, 3, &half)), 10);
}

static gradus_node *pools(gradus_node *h)
{
    const gradus_pool2d_options half = { .stride = 2 };

    h = gradus_relu(gradus_conv2d(h, 8, 5, NULL));
    h = gradus_maxpool2d(h, 3, &half);
    h = gradus_relu(gradus_add(h, gradus_sigmoid(h)));
    return gradus_dense(gradus_avgpool2d(h, 3, &half), 10);
}

static gradus_node *smooth(gradus_node *h)
{
    h = gradus_dropout(gradus_gelu(gradus_dense(h, 64)), 0.3);
    h = gradus_tanh(gradus_layernorm(gradus_dense(h, 64)));
    return gradus_dense(h, 1000);
}

/* Trains for some steps in batches of as many rows as g was compiled for.
 * Frees o.  Returns non-zero if a step fails. */
static int train(gradus_graph *g, gradus_node *x, gradus_node *t,
                 gradus_optimiser *o, int steps)
{
    const int rows = gradus_max_batch(g);
    int failed = !o || gradus_feed_u8(x, pixels, (size_t)rows) ||
                 gradus_feed_labels(t, labels, (size_t)rows);
    for (int i = 0; !failed && i < steps; i++)
        failed = gradus_forward(g, NULL, rows) || gradus_backward(g) ||
                 gradus_step(o);
    gradus_optimiser_free(o);
    return failed;
}

static int infer(const gradus_graph *g, int steps)
{
    gradus_workspace *w = gradus_workspace_new(g, 1);
    int failed = !w;
    for (int i = 0; !failed && i < steps; i++)
        failed = !gradus_infer(w, values + i % BATCH * PIXELS, 1);
    gradus_workspace_free(w);
    return failed;
}

/* What can be measured: training a net in batches of so many rows, of images
 * or of vectors; or, with one row, inference. */
typedef struct {
    const char *name;
    gradus_node *(*net)(gradus_node *x);
    int rows, image;
} workload;

static const workload workloads[] = {
    { "mlp", mlp, BATCH, 0 },     { "mlp256", mlp, MOST, 0 },
    { "cnn", cnn, BATCH, 1 },     { "norm", norm, BATCH, 1 },
    { "deep", deep, BATCH, 1 },   { "pools", pools, BATCH, 1 },
    { "smooth", smooth, BATCH, 0 }, { "infer", mlp, 1, 0 },
    { "answer", cnn, 1, 1 } };

static int run(const workload *w, int steps)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = w->image ? gradus_image(g, 1, 28, 28)
                              : gradus_input(g, PIXELS);
    gradus_node *t = gradus_labels(g, 1);
    gradus_softmax_ce(w->net(x), t, NULL);
    int failed = gradus_compile(g, w->rows, 1);
    if (!failed && w->rows == 1)
        failed = infer(g, steps);
    else if (!failed)
        failed = train(g, x, t, w->net == norm ? gradus_adam(g, NULL)
                       : gradus_sgd(g, &(gradus_sgd_options){
                             .learning_rate = 0.01, .momentum = 0.9 }), steps);
    if (failed)
        fprintf(stderr, "steps: %s\n", gradus_error());
    gradus_graph_free(g);
    return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    int steps = argc == 3 ? atoi(argv[2]) : 0;
    make_data();
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        if (steps > 0 && strcmp(argv[1], workloads[i].name) == 0)
            return run(&workloads[i], steps);
    fprintf(stderr, "usage: steps "
            "mlp|mlp256|cnn|norm|deep|pools|smooth|infer|answer STEPS\n");
    return 2;
}
