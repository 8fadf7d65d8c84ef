/* write.c -- writes small models, and beside each a text of what it computes.
 * tests/test_old_models.c loads what earlier versions wrote.
 *
 *   write-models         from the repository's root, into tests/models
 *
 * A file that exists stays as it is, since it must load for ever.  A new
 * layer, loss or setting gets a new model below, and so a new file. */
#include "gradus_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4, STEPS = 3, NODES = 32, MOST = 1024 };

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "write-models: %s: %s\n", what, gradus_error());
    exit(1);
}

/* ---- the models ------------------------------------------------------- */

/* Convolutions with all their settings, and every pool. */
static void images(gradus_graph *g)
{
    const gradus_conv2d_options grouped = { .padding = 1, .groups = 2 };
    const gradus_conv2d_options strided = { .stride = 2, .padding = 1,
                                            .no_bias = 1 };
    const gradus_pool2d_options half = { .stride = 2, .padding = 1 };
    const char *names[] = { "cat", "dog", "\xc3\xa9l\xc3\xa9phant" };
    gradus_node *x = gradus_image(g, 2, 11, 10), *h, *side;

    must(!gradus_set_name(x, "pixels") &&
         !gradus_normalise(x, (double[]){ 0.1, -0.25 },
                           (double[]){ 0.5, 1.5 }), "images");
    h = gradus_relu(gradus_batchnorm(gradus_conv2d(x, 4, 3, &grouped)));
    side = gradus_avgpool2d(h, 3, &half);
    h = gradus_concat(2, (gradus_node *[]){ gradus_maxpool2d(h, 3, &half),
                                            side });
    h = gradus_relu(gradus_conv2d(h, 6, 2, NULL));
    h = gradus_leaky_relu(gradus_conv2d(gradus_maxpool2d(h, 2, NULL), 5, 2,
                                        &strided), 0.125);
    gradus_softmax_ce(gradus_dense(gradus_global_avgpool2d(h), 3),
                      gradus_labels(g, 1), NULL);
    must(!gradus_set_class_names(g, 3, names), "class names");
}

static void tokens(gradus_graph *g)
{
    gradus_node *x = gradus_input(g, 6), *h;

    must(!gradus_set_name(x, "tokens"), "tokens");
    h = gradus_layernorm(gradus_embedding(x, 9, 4));
    h = gradus_add(h, gradus_softmax(gradus_gelu(h)));
    h = gradus_reshape(gradus_dense(h, 18), 2, (int[]){ 6, 3 });
    gradus_node *loss = gradus_softmax_ce(h, gradus_labels(g, 6),
        &(gradus_softmax_ce_options){
            .reduction = GRADUS_REDUCE_MEAN_BATCH, .label_smoothing = 0.1,
            .use_ignore_label = 1, .ignore_label = 2, .last_axis = 1 });
    must(loss && !gradus_set_loss_weight(loss, 0.5), "loss_weight");
}

static void functions(gradus_graph *g)
{
    gradus_node *x = gradus_input(g, 5), *t = gradus_input(g, 3);
    gradus_node *h = gradus_dense(x, 4);
    gradus_node *f[] = { gradus_sigmoid(h), gradus_tanh(h), gradus_gelu(h),
                         gradus_silu(h) };

    must(!gradus_normalise(x, (double[]){ 0.1 }, (double[]){ 2 }),
         "normalise");
    h = gradus_dropout(gradus_concat(4, f), 0.25);
    gradus_huber(gradus_dense(h, 3), t, &(gradus_huber_options){
        .reduction = GRADUS_REDUCE_SUM, .delta = 0.5,
        .row_weight = gradus_row_weights(g) });
}

/* The target of the loss is the input of the net. */
static void autoencoder(gradus_graph *g)
{
    gradus_node *x = gradus_image(g, 1, 3, 4);

    gradus_mse(gradus_dense(gradus_tanh(gradus_dense(gradus_flatten(x), 5)),
                            12), x, NULL);
}

static void many_labels(gradus_graph *g)
{
    gradus_node *x = gradus_input(g, 6), *t = gradus_input(g, 8);
    gradus_node *h = gradus_batchnorm(gradus_dense(x, 7));

    must(!gradus_set_name(t, "portions"), "many labels");
    h = gradus_reshape(gradus_dense(h, 8), 3, (int[]){ 4, 1, 2 });
    gradus_sigmoid_ce(h, t, &(gradus_sigmoid_ce_options){
        .reduction = GRADUS_REDUCE_MEAN_BATCH,
        .class_weight = (double[]){ 1, 0.5, 3, 1.0 / 3 },
        .row_weight = gradus_row_weights(g) });
}

/* A class at each position of an image. */
static void places(gradus_graph *g)
{
    gradus_node *x = gradus_image(g, 1, 4, 3);
    gradus_node *h = gradus_conv2d(x, 3, 3, &(gradus_conv2d_options){
        .padding = 1 });

    gradus_softmax_ce(h, gradus_labels(g, 12), &(gradus_softmax_ce_options){
        .class_weight = (double[]){ 1, 2, 0.1 },
        .row_weight = gradus_row_weights(g) });
}

/* An image whose changes in training are saved, too. */
static void augmented(gradus_graph *g)
{
    gradus_node *x = gradus_image(g, 1, 4, 5);

    must(!gradus_augment(x, &(gradus_augment_options){
             .shift = 1, .rotate = 10, .scale = 0.125, .elastic = 2,
             .sigma = 1.5, .flip = 1 }) &&
         !gradus_normalise(x, (double[]){ 0.25 }, (double[]){ 0.5 }),
         "augmented");
    gradus_softmax_ce(gradus_dense(gradus_relu(gradus_dense(x, 4)), 3),
                      gradus_labels(g, 1), NULL);
}

/* A table whose values are standardised, and may be missing; targets in their
 * own units; and a text of the caller's. */
static void table(gradus_graph *g)
{
    const char *path = "tests/models/people.csv";
    gradus_table *t = gradus_table_new(path, &(gradus_table_options){
        .label = "member", .targets = (const char *const[]){ "income", NULL },
        .ignore = (const char *const[]){ "name", NULL },
        .missing = GRADUS_MISSING_MEAN, .indicators = true });
    gradus_dataset *d = gradus_table_load(t, path, 0);

    must(d && !gradus_table_fit(t, d), "table");
    gradus_node *x = gradus_input(g, d->size), *to = gradus_input(g, 1);
    must(!gradus_set_name(x, "people") && !gradus_set_table(x, to, t) &&
         !gradus_set_metadata(g, "trained on", "people.csv, \xc3\xa9tude 1"),
         "table");
    gradus_mse(gradus_dense(gradus_tanh(gradus_dense(x, 4)), 1), to, NULL);
    gradus_dataset_free(d);
    gradus_table_free(t);
}

/* ---- their data, by a formula ----------------------------------------- */

static double number(const gradus_node *n, int i)
{
    int k = (i * 37 + n->id * 11) % 101;

    if (strcmp(n->name, "tokens") == 0)
        return k % 9;
    if (strcmp(n->name, "people") == 0 && k % 5 == 0)
        return NAN; /* a missing value */
    if (strcmp(n->name, "portions") == 0)
        return k / 128.;
    if (n->kind == GRADUS_KIND_LABELS)
        return k % 3;
    return n->kind == GRADUS_KIND_WEIGHTS ? 0.5 + k % 3 : (k - 50) / 64.;
}

/* Feeds a node, and writes a line of its name and its numbers to out. */
static int feed(gradus_node *n, FILE *out)
{
    static gradus_real value[NODES][MOST];
    static int32_t label[NODES][MOST];

    must(n->id < NODES && ROWS * n->size <= MOST,
         "the model is too large; raise NODES or MOST");
    fprintf(out, "%s", n->name);
    for (int i = 0; i < ROWS * n->size; i++) {
        value[n->id][i] = (gradus_real)number(n, i);
        label[n->id][i] = (int32_t)number(n, i);
        fprintf(out, " %.9g", (double)value[n->id][i]);
    }
    fprintf(out, "\n");
    return n->kind == GRADUS_KIND_LABELS
               ? gradus_feed_labels(n, label[n->id], ROWS)
               : gradus_feed(n, value[n->id], ROWS);
}

static void feed_all(const gradus_graph *g, FILE *out)
{
    fprintf(out, "%d rows\n", ROWS);
    for (int i = 0; i < gradus_node_count(g); i++) {
        gradus_node *n = gradus_node_at(g, i);
        if (n->kind != GRADUS_KIND_COMPUTED)
            must(!feed(n, out), "feed");
    }
}

/* ---- a file and what is beside it ------------------------------------- */

/* Trains for a few steps, so that no parameter, running mean or variance is
 * what it started as. */
static void train(gradus_graph *g)
{
    gradus_optimiser *o = gradus_sgd(g, &(gradus_sgd_options){
        .learning_rate = 0.1 });

    for (int i = 0; o && i < STEPS; i++)
        must(!gradus_train_step(o, NULL, ROWS), "train");
    gradus_optimiser_free(o);
}

static void write_output(gradus_graph *g, FILE *out)
{
    const gradus_node *last = gradus_node_at(g, gradus_node_count(g) - 1);
    gradus_workspace *w = gradus_workspace_new(g, ROWS);
    gradus_metrics m = { 0 };

    must(w && !gradus_evaluate(g, NULL, NULL, &m), "evaluate");
    const gradus_real *y = gradus_infer(w, gradus_node_at(g, 0)->fed.x, ROWS);
    must(y != NULL, "infer");
    fprintf(out, "loss %.9g\noutput", m.loss);
    for (int i = 0; i < ROWS * last->size; i++)
        fprintf(out, " %.9g", (double)y[i]);
    fprintf(out, "\n");
    gradus_workspace_free(w);
}

static void write_model(const char *name, void (*build)(gradus_graph *g))
{
    char model[64], text[64];
    gradus_graph *g = gradus_graph_new(18446744073709551615u);

    snprintf(model, sizeof model, "tests/models/%s.safetensors", name);
    snprintf(text, sizeof text, "tests/models/%s.txt", name);
    FILE *out = fopen(text, "wx");
    if (!out) {
        printf("%s: exists, or cannot be created; skipped\n", text);
        gradus_graph_free(g);
        return;
    }
    build(g);
    must(!gradus_compile(g, ROWS, 1), name);
    feed_all(g, out);
    train(g);
    write_output(g, out);
    must(!fclose(out) && !gradus_save(g, model), name);
    gradus_graph_free(g);
}

int main(void)
{
    write_model("images", images);
    write_model("tokens", tokens);
    write_model("functions", functions);
    write_model("autoencoder", autoencoder);
    write_model("many_labels", many_labels);
    write_model("places", places);
    write_model("augmented", augmented);
    write_model("table", table);
    return 0;
}
