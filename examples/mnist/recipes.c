/* recipes.c -- how mnist-speedrun trains: a net, and its training, for each
 * target.
 *
 * All were chosen by the accuracy on held-out training images (--validate).
 * docs/speedrun.md says how, and what they reach on the test images. */
#include "recipes.h"
#include "common.h"

#include <stdlib.h>
#include <string.h>

static const image_set mnist = { "MNIST", "data/mnist",
                                 0x3ce3f21f37b3cd22, 0x3fa8a37241f400b5 };
static const image_set fashion = { "Fashion-MNIST",
                                   "/usr/share/datasets/fashion-mnist",
                                   0x47041d1f3a1991fe, 0x7625417625bda6cf };

const recipe recipes[RECIPES] = {
    { .name = "mnist-98-dense", .images = &mnist, .target = 0.98,
      .units = { 192, 128 }, .margin = 4, .share = 0.6, .epochs = 2,
      .batch = 128, .learning_rate = 0.02, .rising = 0.1, .beta1 = 0.8 },
    { .name = "mnist-99", .images = &mnist, .target = 0.99,
      .channels = { 8, 16 }, .units = { 256 }, .margin = 2, .share = 0.7,
      .epochs = 1, .batch = 64, .learning_rate = 0.025, .rising = 0.05,
      .beta1 = 0.8 },
    { .name = "mnist-99.5", .images = &mnist, .target = 0.995,
      .channels = { 16, 32 }, .units = { 256 }, .margin = 2, .shift = 1,
      .augment = { .rotate = 8, .scale = 0.07 }, .share = 1, .epochs = 3,
      .batch = 128, .learning_rate = 0.02, .rising = 0.2, .beta1 = 0.9 },
    { .name = "fashion-90", .images = &fashion, .target = 0.9,
      .channels = { 8, 24 }, .units = { 256 }, .share = 0.8, .epochs = 2,
      .batch = 128, .learning_rate = 0.025, .rising = 0.1, .beta1 = 0.8 },
    { .name = "fashion-92", .images = &fashion, .target = 0.92,
      .channels = { 16, 32 }, .units = { 256 }, .mirror = 1, .share = 1,
      .epochs = 6, .batch = 128, .learning_rate = 0.03, .rising = 0.1,
      .beta1 = 0.8 },
};

const recipe *find_recipe(const char *name)
{
    char names[256] = "";

    for (int i = 0; i < RECIPES; i++) {
        if (strcmp(name, recipes[i].name) == 0)
            return &recipes[i];
        strcat(names, i == 0 ? "" : i < RECIPES - 1 ? ", " : " or ");
        strcat(names, recipes[i].name);
    }
    usage_error("--recipe: got '%s'; must be %s", name, names);
}

void describe_net(const recipe *r, char text[NET_TEXT])
{
    size_t at = 0;

    *text = '\0';
    for (const int *c = r->channels; *c; c++)
        at += (size_t)snprintf(text + at, NET_TEXT - at, "%sconv %d",
                               at ? ", " : "", *c);
    for (const int *u = r->units; *u; u++)
        at += (size_t)snprintf(text + at, NET_TEXT - at, "%sdense %d",
                               at ? ", " : "", *u);
}

/* ---- Images ---- */

uint64_t hash_of(const gradus_dataset *d)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < d->n * (size_t)d->size; i++)
        hash = (hash ^ d->pixels[i]) * 0x100000001b3;
    for (size_t i = 0; i < d->n; i++)
        hash = (hash ^ (uint8_t)d->labels[i]) * 0x100000001b3;
    return hash;
}

/* Copies h lines of w pixels of an image whose lines have `width` pixels; the
 * last pixel of a line comes first if it is mirrored. */
static void copy_window(uint8_t *to, const uint8_t *from, int h, int w,
                        int width, int mirrored)
{
    for (int i = 0; i < h; i++, to += w, from += width)
        if (mirrored)
            for (int j = 0; j < w; j++)
                to[j] = from[w - 1 - j];
        else
            memcpy(to, from, (size_t)w);
}

/* Returns a random whole number from -most to most. */
static int around_zero(gradus_random *r, int most)
{
    return (int)gradus_random_below(r, (uint32_t)(2 * most + 1)) - most;
}

gradus_dataset seen_images(const recipe *r, const gradus_dataset *d,
                           gradus_random *random, int epoch)
{
    const size_t n = random ? (size_t)(r->share * (double)d->n) : d->n;
    const int w = d->width - 2 * r->margin, h = d->height - 2 * r->margin;
    gradus_dataset seen = *d;
    uint8_t *to = malloc(n * (size_t)w * (size_t)h);

    seen.n = n;
    seen.width = w;
    seen.height = h;
    seen.size = w * h;
    seen.pixels = to;
    for (size_t i = 0; to && i < n; i++, to += seen.size) {
        int line = r->margin, column = r->margin;
        if (random && r->shift) {
            line += around_zero(random, r->shift);
            column += around_zero(random, r->shift);
        }
        copy_window(to, d->pixels + i * (size_t)d->size +
                            (size_t)(line * d->width + column),
                    h, w, d->width,
                    random && r->mirror && (i + (size_t)epoch) % 2);
    }
    return seen;
}

/* ---- Training ---- */

/* Returns the logits [B,10] of the recipe's net.  Batch normalisation lets the
 * layers bear the high learning rate that training in few steps needs.  A
 * maximum comes before it, as it leaves the rest a quarter of the numbers. */
static gradus_node *logits(const recipe *r, gradus_node *x)
{
    const gradus_conv2d_options without_bias = { .no_bias = 1 };
    gradus_node *h = x;

    for (const int *c = r->channels; *c; c++) {
        h = gradus_conv2d(h, *c, c == r->channels ? 5 : 3, &without_bias);
        h = gradus_maxpool2d(h, 2, NULL);
        h = gradus_relu(gradus_batchnorm(h));
    }
    for (const int *u = r->units; *u; u++)
        h = gradus_relu(gradus_batchnorm(gradus_dense(h, *u)));
    return gradus_dense(h, 10);
}

gradus_graph *build_recipe(const recipe *r, uint64_t seed, int threads,
                           const gradus_dataset *d)
{
    const gradus_softmax_ce_options smooth = { .label_smoothing = 0.1 };
    gradus_graph *g = gradus_graph_new(seed);
    gradus_node *x = gradus_image(g, 1, d->height - 2 * r->margin,
                                  d->width - 2 * r->margin);
    gradus_node *t = gradus_labels(g, 1);

    if (r->augment.rotate > 0 || r->augment.scale > 0)
        gradus_augment(x, &r->augment);
    gradus_softmax_ce(logits(r, x), t, &smooth);
    if (gradus_compile(g, r->batch, threads) == 0)
        return g;
    complain("%s", gradus_error());
    gradus_graph_free(g);
    return NULL;
}

/* The one cycle goes on from epoch to epoch, each of which is a call of
 * gradus_fit with images that are moved and mirrored anew. */
typedef struct {
    const recipe *recipe;
    int epoch;
} moment;

static double one_cycle(uint64_t step, uint64_t steps, void *user)
{
    const moment *now = user;

    return gradus_lr_one_cycle(now->recipe->learning_rate,
                               (uint64_t)now->epoch * steps + step,
                               (uint64_t)now->recipe->epochs * steps,
                               now->recipe->rising, 10, 1000);
}

int train_recipe(const recipe *r, uint64_t seed, gradus_graph *g,
                 const gradus_dataset *d)
{
    gradus_optimiser *o = gradus_adamw(
        g, &(gradus_adam_options){ .beta1 = r->beta1, .beta2 = 0.99 });
    moment now = { .recipe = r };
    gradus_random random;
    int failed = !o;

    gradus_random_init(&random, seed, 0, 0);
    for (; !failed && now.epoch < r->epochs; now.epoch++) {
        gradus_dataset seen = seen_images(r, d, &random, now.epoch);
        if (!seen.pixels) {
            complain("out of memory");
            gradus_optimiser_free(o);
            return 1;
        }
        failed = gradus_fit(o, &seen, &(gradus_fit_options){
                                .learning_rate = one_cycle, .user = &now });
        free((void *)seen.pixels);
    }
    if (failed)
        complain("%s", gradus_error());
    gradus_optimiser_free(o);
    return failed;
}
