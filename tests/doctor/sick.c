/* sick.c -- writes models and images that gradus doctor must find something
 * wrong with, each sick in one way.
 *
 *   sick-nets FOLDER TABLE    FOLDER gets NAME.safetensors for each model,
 *                             which takes MNIST's images; that of numbers takes
 *                             the rows of TABLE, and predicts its column "y".
 *                             It gets folders of files in MNIST's format, too.
 */
#include "gradus.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CLASSES = 10, ROWS = 400, SIDE = 12 };

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "sick-nets: %s: %s\n", what, gradus_error());
    exit(1);
}

/* ---- models -------------------------------------------------------------- */

/* h = relu(W x + b), for images x of 28 x 28. */
static gradus_node *hidden(gradus_node *x)
{
    return gradus_relu(gradus_dense(x, 64));
}

static gradus_node *healthy(gradus_node *x)
{
    return gradus_dense(hidden(x), CLASSES);
}

static gradus_node *softmax_twice(gradus_node *x)
{
    return gradus_softmax(healthy(x));
}

static gradus_node *no_nonlinearity(gradus_node *x)
{
    return gradus_dense(gradus_dense(x, 64), CLASSES);
}

static gradus_node *squashed_output(gradus_node *x)
{
    return gradus_relu(healthy(x));
}

static gradus_node *dropout_on_output(gradus_node *x)
{
    return gradus_dropout(healthy(x), 0.5);
}

static gradus_node *zero_weights(gradus_node *x)
{
    gradus_node *h = gradus_dense(hidden(x), 32);

    gradus_initialise(h, GRADUS_INIT_ZERO, 0);
    return gradus_dense(gradus_relu(h), CLASSES);
}

static gradus_node *equal_units(gradus_node *x)
{
    gradus_node *h = gradus_dense(x, 64);

    gradus_initialise(h, GRADUS_INIT_CONSTANT, 0.01);
    return gradus_dense(gradus_relu(h), CLASSES);
}

static gradus_node *saturated_units(gradus_node *x)
{
    gradus_node *h = gradus_dense(x, 64);

    gradus_initialise(h, GRADUS_INIT_NORMAL, 3);
    return gradus_dense(gradus_tanh(h), CLASSES);
}

static gradus_node *vanishing_gradients(gradus_node *x)
{
    for (int i = 0; i < 12; i++)
        x = gradus_sigmoid(gradus_dense(x, 32));
    return gradus_dense(x, CLASSES);
}

static gradus_node *exploding_gradients(gradus_node *x)
{
    for (int i = 0; i < 8; i++) {
        gradus_node *h = gradus_dense(x, 64);
        if (i)
            gradus_initialise(h, GRADUS_INIT_NORMAL, 1);
        x = gradus_relu(h);
    }
    return gradus_dense(x, CLASSES);
}

static gradus_node *first_loss(gradus_node *x)
{
    gradus_node *z = healthy(x);

    gradus_initialise(z, GRADUS_INIT_NORMAL, 6);
    return z;
}

static gradus_node *large_inputs(gradus_node *x)
{
    gradus_normalise(x, (double[]){ 0 }, (double[]){ 1 / 255. });
    return gradus_dense(gradus_batchnorm(hidden(x)), CLASSES);
}

static gradus_node *small_inputs(gradus_node *x)
{
    gradus_normalise(x, (double[]){ 0 }, (double[]){ 255 });
    return gradus_dense(gradus_batchnorm(hidden(x)), CLASSES);
}

static gradus_node *off_centre(gradus_node *x)
{
    gradus_normalise(x, (double[]){ -3 }, (double[]){ 1 });
    return gradus_dense(gradus_batchnorm(hidden(x)), CLASSES);
}

/* A bias of -100 keeps each unit at 0. */
static void kill_units(gradus_graph *g)
{
    const gradus_param *b =
        gradus_find_param(gradus_find_node(g, "dense1"), "bias");

    for (size_t i = 0; i < b->size; i++)
        b->w[i] = -100;
}

static const struct {
    const char *name;
    gradus_node *(*logits)(gradus_node *x);
    void (*after)(gradus_graph *g); /* it is compiled, or NULL */
} models[] = {
    { "healthy", healthy, NULL },
    { "softmax-twice", softmax_twice, NULL },
    { "no-nonlinearity", no_nonlinearity, NULL },
    { "squashed-output", squashed_output, NULL },
    { "dropout-on-output", dropout_on_output, NULL },
    { "zero-weights", zero_weights, NULL },
    { "equal-units", equal_units, NULL },
    { "saturated-units", saturated_units, NULL },
    { "vanishing-gradients", vanishing_gradients, NULL },
    { "exploding-gradients", exploding_gradients, NULL },
    { "first-loss", first_loss, NULL },
    { "large-inputs", large_inputs, NULL },
    { "small-inputs", small_inputs, NULL },
    { "inputs-off-centre", off_centre, NULL },
    { "dead-units", healthy, kill_units },
};

static void save(gradus_graph *g, const char *folder, const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    must(!gradus_save(g, path), path);
    gradus_graph_free(g);
}

static void write_models(const char *folder)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        gradus_graph *g = gradus_graph_new(1);
        gradus_node *x = gradus_image(g, 1, 28, 28);
        gradus_node *t = gradus_labels(g, 1);
        gradus_softmax_ce(models[i].logits(x), t, NULL);
        must(!gradus_compile(g, 1, 1), models[i].name);
        if (models[i].after)
            models[i].after(g);
        save(g, folder, models[i].name);
    }
}

/* Its inputs are standardised, but not its targets. */
static void write_unscaled(const char *folder, const char *path)
{
    const char *const targets[] = { "y", NULL };
    gradus_table *table =
        gradus_table_new(path, &(gradus_table_options){ .targets = targets });
    gradus_dataset *d = gradus_table_load(table, path, 0);

    must(d && !gradus_table_fit(table, d), path);
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, d->size), *t = gradus_input(g, 1);
    must(!gradus_set_table(x, NULL, table), path);
    gradus_mse(gradus_dense(gradus_relu(gradus_dense(x, 32)), 1), t, NULL);
    must(!gradus_compile(g, 1, 1), path);
    save(g, folder, "unscaled-targets");
    gradus_dataset_free(d);
    gradus_table_free(table);
}

/* ---- images ---------------------------------------------------------------- */

/* Whole numbers of an IDX file's head, of 4 bytes each, the first byte first. */
static void put(FILE *f, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        fputc((int)(v >> shift & 255), f);
}

static FILE *begin(const char *folder, const char *name, const char *file)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", folder, name, file);
    FILE *f = fopen(path, "wb");
    must(f != NULL, path);
    return f;
}

/* A bright bar of which the label says the place, or noise. */
static int pixel(gradus_random *r, const char *name, int label, int x)
{
    const int noise = (int)gradus_random_below(r, 100);

    if (strcmp(name, "blank-images") == 0 && label == 3)
        return 0;
    if (strcmp(name, "unrelated-pixels") == 0)
        return noise * 2;
    return noise / 4 + (x / 2 % 5 == label % 5 ? 200 : label > 4 ? 60 : 0);
}

/* A part of a data set, with labels 0 to 9, or without one of them. */
static void write_part(const char *folder, const char *name, const char *part)
{
    const int from_1 = strcmp(name, "labels-from-1") == 0;
    const int gap = strcmp(name, "missing-class") == 0;
    char file[64];
    gradus_random r;

    snprintf(file, sizeof file, "%s-images-idx3-ubyte", part);
    FILE *images = begin(folder, name, file);
    snprintf(file, sizeof file, "%s-labels-idx1-ubyte", part);
    FILE *labels = begin(folder, name, file);
    gradus_random_init(&r, 1, 0, 0);
    put(images, 0x803);
    put(images, ROWS);
    put(images, SIDE);
    put(images, SIDE);
    put(labels, 0x801);
    put(labels, ROWS);
    for (int i = 0; i < ROWS; i++) {
        const int k = i % CLASSES;
        fputc(from_1 ? k + 1 : gap && k == 5 ? 6 : k, labels);
        for (int j = 0; j < SIDE * SIDE; j++)
            fputc(pixel(&r, name, gap && k == 5 ? 6 : k, j % SIDE), images);
    }
    must(!fclose(images) && !fclose(labels), name);
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "healthy", "labels-from-1",
                                         "missing-class", "blank-images",
                                         "unrelated-pixels" };

    if (argc != 3) {
        fprintf(stderr, "usage: sick-nets FOLDER TABLE\n");
        return 2;
    }
    write_models(argv[1]);
    write_unscaled(argv[1], argv[2]);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        write_part(argv[1], names[i], "train");
        write_part(argv[1], names[i], "t10k");
    }
    return 0;
}
