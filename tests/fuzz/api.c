/* api.c -- fuzzes the interface itself.  An input is read as a sequence of
 * calls: constructors with small, odd or missing arguments, then compile, then
 * training, evaluation, inference and saving, in any order.  Nothing may
 * crash, every failure has a message, and what is saved can be loaded. */
#include "fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NODES = 24, ROWS = 8, CALLS = 64, LARGEST = 1 << 12 };

typedef struct {
    const uint8_t *byte;
    size_t left;
    gradus_graph *g;
    gradus_node *node[NODES]; /* those that were made, and NULL for others */
    int nodes;
    bool compiled;
    gradus_optimiser *o;
    gradus_workspace *w;
    gradus_real values[ROWS * LARGEST];
    uint8_t pixels[ROWS * LARGEST];
    int32_t labels[ROWS * LARGEST];
} fuzz;

/* The next byte; 0 when the input is used up. */
static int take(fuzz *f)
{
    if (!f->left)
        return 0;
    f->left--;
    return *f->byte++;
}

/* A small number, from -1 to 8, and often 1 or 2. */
static int small(fuzz *f)
{
    static const int number[16] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 1, 2, 1, 2,
                                   0, -1};
    return number[take(f) % 16];
}

static double real(fuzz *f)
{
    static const double number[16] = {0, 0.1, 0.5, 0.9, 1, 2, -1, 1e-30,
                                      1e30, 1e38, -1e38, NAN, INFINITY,
                                      0.01, 0.001, 3};
    return number[take(f) % 16];
}

/* A node that was made before; rarely NULL. */
static gradus_node *any(fuzz *f)
{
    int k = take(f);
    if (!f->nodes || k == 255)
        return NULL;
    return f->node[k < 128 ? f->nodes - 1 - k % f->nodes % 3 : k % f->nodes];
}

static void check(bool failed)
{
    must(!failed || *gradus_error(), "a call that fails says why");
}

/* ---- constructors ---- */

static gradus_node *input(fuzz *f)
{
    switch (take(f) % 5) {
    case 0: return gradus_labels(f->g, small(f));
    case 1: return gradus_row_weights(f->g);
    case 2: return gradus_input(f->g, small(f));
    default: {
        int channels = small(f), height = small(f);
        return gradus_image(f->g, channels, height, small(f));
    }
    }
}

static gradus_node *convolution(fuzz *f, gradus_node *x)
{
    gradus_conv2d_options how = {.stride = small(f) % 4,
                                 .padding = small(f) % 4,
                                 .groups = small(f) % 5,
                                 .no_bias = take(f) % 2};
    int channels = small(f);
    return gradus_conv2d(x, channels, small(f), take(f) % 4 ? &how : NULL);
}

static gradus_node *pooling(fuzz *f, gradus_node *x)
{
    gradus_pool2d_options how = {.stride = small(f), .padding = small(f) % 4};
    bool mean = take(f) % 2;
    return (mean ? gradus_avgpool2d : gradus_maxpool2d)(
        x, small(f), take(f) % 2 ? &how : NULL);
}

static gradus_node *reshape(fuzz *f, gradus_node *x)
{
    int shape[3] = {small(f), small(f), small(f)};
    return gradus_reshape(x, take(f) % 5, shape);
}

static gradus_node *concat(fuzz *f)
{
    gradus_node *in[9];
    int n = take(f) % 10;
    for (int i = 0; i < n; i++)
        in[i] = any(f);
    return gradus_concat(n, in);
}

static gradus_node *function(fuzz *f, gradus_node *x)
{
    switch (take(f) % 9) {
    case 0: return gradus_leaky_relu(x, real(f));
    case 1: return gradus_sigmoid(x);
    case 2: return gradus_tanh(x);
    case 3: return gradus_gelu(x);
    case 4: return gradus_silu(x);
    case 5: return gradus_softmax(x);
    case 6: return gradus_dropout(x, real(f));
    default: return gradus_relu(x);
    }
}

static gradus_node *classes_loss(fuzz *f, gradus_node *z, gradus_node *t)
{
    double weight[32];
    for (int k = 0; k < 32; k++)
        weight[k] = k % 4;
    gradus_softmax_ce_options how = {
        .reduction = (gradus_reduction)(take(f) % 4),
        .label_smoothing = real(f), .use_ignore_label = take(f) % 2,
        .ignore_label = small(f), .last_axis = take(f) % 2,
        .class_weight = take(f) % 2 ? weight : NULL,
        .row_weight = take(f) % 4 ? NULL : any(f)};
    bool all = gradus_node_size(z) <= 32 && take(f) % 2;
    return gradus_softmax_ce(z, t, all ? &how : NULL);
}

static gradus_node *loss(fuzz *f)
{
    gradus_node *z = any(f), *t = any(f);
    gradus_huber_options how = {.reduction = (gradus_reduction)(take(f) % 4),
                                .delta = real(f)};
    switch (take(f) % 6) {
    case 0: return gradus_sigmoid_ce(z, t, NULL);
    case 1: return gradus_mse(z, t, NULL);
    case 2: return gradus_huber(z, t, take(f) % 2 ? &how : NULL);
    default: return z ? classes_loss(f, z, t) : NULL;
    }
}

static gradus_node *make(fuzz *f)
{
    gradus_node *x;
    switch (take(f) % 16) {
    case 0: case 1: return input(f);
    case 2: case 3: return loss(f);
    case 4: x = any(f); return gradus_add(x, any(f));
    case 5: return concat(f);
    case 6: x = any(f); return gradus_embedding(x, small(f), small(f));
    case 7: return reshape(f, any(f));
    case 8: return convolution(f, any(f));
    case 9: return pooling(f, any(f));
    case 10: return gradus_batchnorm(any(f));
    case 11: return gradus_layernorm(any(f));
    case 12: return gradus_global_avgpool2d(any(f));
    case 13: return function(f, any(f));
    case 14: return gradus_flatten(any(f));
    default: x = any(f); return gradus_dense(x, small(f));
    }
}

/* ---- settings ---- */

static void set(fuzz *f)
{
    static const char *const names[] = {"a", "", "b b", "relu1", "dense1"};
    double mean[8] = {real(f), 1}, std[8] = {1, 1, 1, 1, 1, 1, 1, real(f)};
    gradus_node *n = any(f);
    gradus_augment_options change = {.shift = real(f), .rotate = real(f),
                                     .elastic = real(f), .flip = take(f) % 2};
    if (!n)
        return;
    switch (take(f) % 9) {
    case 0: gradus_set_name(n, names[take(f) % 5]); break;
    case 1: gradus_initialise(n, (gradus_initialiser)(take(f) % 7), real(f));
            break;
    case 2: gradus_normalise(n, mean, std); break;
    case 3: gradus_augment(n, &change); break;
    case 4: gradus_want_gradient(n); break;
    case 5: gradus_want_value(n); break;
    case 6: gradus_set_loss_weight(n, real(f)); break;
    case 7: gradus_set_group(n, real(f), real(f)); break;
    default: gradus_set_class_names(f->g, take(f) % 6, names); break;
    }
}

/* ---- after compile ---- */

/* Feeds every data node some rows. */
static void feed(fuzz *f)
{
    size_t rows = (size_t)(take(f) % (ROWS + 1));
    int how = take(f);
    for (int i = 0; i < ROWS * LARGEST; i++) {
        f->pixels[i] = (uint8_t)(i * how);
        f->labels[i] = how % 8 ? (i + how) % 2 : small(f);
        f->values[i] = how % 3 ? (gradus_real)((i * how) % 7 - 3) / 4
                               : (gradus_real)f->labels[i];
    }
    if (how % 5 == 0)
        f->values[how] = (gradus_real)real(f);
    for (int i = 0; i < f->nodes; i++) {
        const char *op = gradus_node_op(f->node[i]);
        if (!strcmp(op, "labels"))
            check(gradus_feed_labels(f->node[i], f->labels, rows));
        else if (!strcmp(op, "input") && how % 2)
            check(gradus_feed_u8(f->node[i], f->pixels, rows));
        else
            check(gradus_feed(f->node[i], f->values, rows));
    }
}

static void optimiser(fuzz *f)
{
    gradus_optimiser_free(f->o);
    gradus_adam_options adam = {.learning_rate = real(f),
                                .weight_decay = real(f)};
    gradus_sgd_options sgd = {.learning_rate = real(f), .momentum = real(f),
                              .nesterov = take(f) % 2,
                              .weight_decay = real(f)};
    gradus_rmsprop_options rms = {.momentum = real(f)};
    gradus_adagrad_options ada = {.lr_decay = real(f)};
    switch (take(f) % 5) {
    case 0: f->o = gradus_adam(f->g, &adam); break;
    case 1: f->o = gradus_adamw(f->g, &adam); break;
    case 2: f->o = gradus_rmsprop(f->g, &rms); break;
    case 3: f->o = gradus_adagrad(f->g, &ada); break;
    default: f->o = gradus_sgd(f->g, &sgd); break;
    }
    check(!f->o);
    if (f->o && take(f) % 2)
        check(gradus_set_clip(f->o, real(f), real(f)));
}

static bool finite_values(const gradus_real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(y[i]))
            return false;
    return true;
}

/* After a training call that returned 0, nothing is NaN or infinite.  After
 * one that failed, the parameters are as before. */
static void trained(fuzz *f, int failed, uint64_t before)
{
    check(failed);
    if (failed)
        must(gradus_parameters_hash(f->g) == before,
             "a step that fails changes no parameter");
    else
        must(finite_values(gradus_parameters(f->g),
                           gradus_parameter_count(f->g)),
             "the parameters are finite after a step");
}

static void infer(fuzz *f)
{
    if (!f->w)
        f->w = gradus_workspace_new(f->g, take(f) % (ROWS + 2));
    check(!f->w);
    int rows = take(f) % (ROWS + 2);
    if (f->w) {
        check(!(take(f) % 2 ? gradus_infer(f->w, f->values, rows)
                            : gradus_infer_u8(f->w, f->pixels, rows)));
        check(!gradus_infer_value(f->w, any(f)));
    }
}

static void save(fuzz *f)
{
    char path[64];
    snprintf(path, sizeof path, "/dev/shm/gradus-fuzz-api-%d", (int)getpid());
    int failed = gradus_save(f->g, path);
    check(failed);
    if (!failed) {
        gradus_graph *again = gradus_load(path, ROWS, 1, NULL);
        must(again != NULL, "what was saved can be loaded");
        must(gradus_parameters_hash(again) == gradus_parameters_hash(f->g),
             "what was saved is what is loaded");
        must(!gradus_load_parameters(f->g, path),
             "what was saved can be loaded into the same graph");
        must(gradus_load_matching(f->g, path, NULL) > 0 ||
                 !gradus_parameter_count(f->g),
             "what was saved matches the same graph");
        gradus_graph_free(again);
        remove(path);
    }
}

static void fit(fuzz *f)
{
    uint64_t before = gradus_parameters_hash(f->g);
    gradus_fit_options how = {.epochs = small(f), .batch = small(f),
                              .keep_order = take(f) % 2};
    int failed = gradus_fit(f->o, NULL, &how);
    check(failed); /* epochs before the one that failed may have trained */
    if (!failed)
        trained(f, failed, before);
}

/* Makes one call of a compiled graph. */
static void call(fuzz *f)
{
    int index[ROWS], n = take(f) % (ROWS + 2);
    for (int i = 0; i < ROWS; i++)
        index[i] = i % 3 ? i : small(f);
    const int *which = take(f) % 3 ? NULL : index;
    uint64_t before = gradus_parameters_hash(f->g);
    gradus_metrics m;
    int c = take(f) % 12;
    if (c > 7 && !f->o)
        c = 1;
    switch (c) {
    case 0: feed(f); break;
    case 1: optimiser(f); break;
    case 2: infer(f); break;
    case 3: save(f); break;
    case 4: check(gradus_forward(f->g, which, which ? n % (ROWS + 1) : n));
            break;
    case 5: check(gradus_backward(f->g)); break;
    case 6: check(gradus_backward_add(f->g)); break;
    case 7: check(gradus_evaluate(f->g, NULL, NULL, &m)); break;
    case 8: fit(f); break;
    case 9: trained(f, gradus_step(f->o), before); break;
    default:
        trained(f, gradus_train_step(f->o, which,
                                     which ? n % (ROWS + 1) : n), before);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t n)
{
    static fuzz f;
    memset(&f, 0, offsetof(fuzz, values));
    f.byte = byte;
    f.left = n;
    f.g = gradus_graph_new((uint64_t)take(&f));
    must(f.g != NULL, "there is memory for a graph");
    for (int i = take(&f) % NODES; i > 0 && f.left && f.nodes < NODES; i--) {
        if (take(&f) % 8 == 0)
            set(&f);
        gradus_node *made = make(&f);
        if (made && gradus_node_size(made) <= LARGEST)
            f.node[f.nodes++] = made;
    }
    int rows = 1 + take(&f) % ROWS, threads = take(&f) % 16 ? 1 : 2;
    int failed = gradus_compile(f.g, rows, threads);
    check(failed);
    if (!failed)
        feed(&f);
    for (int i = 0; !failed && i < CALLS && f.left; i++)
        call(&f);
    gradus_workspace_free(f.w);
    gradus_optimiser_free(f.o);
    gradus_graph_free(f.g);
    return 0;
}
