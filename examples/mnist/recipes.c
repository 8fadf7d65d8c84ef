/* recipes.c -- how mnist-speedrun trains: a net, and its training, for each
 * target.
 *
 * All were chosen by the accuracy on held-out training images (--validate). */
#include "recipes.h"
#include "common.h"

#include <stdlib.h>
#include <string.h>

/* ---- Nets ---- */

/* Batch normalisation lets the layers bear the high learning rate that
 * training in few steps needs. */
static gradus_node *dense(gradus_node *h, int units)
{
    return gradus_relu(gradus_batchnorm(gradus_dense(h, units)));
}

/* The maximum comes first, as it leaves the rest a quarter of the numbers. */
static gradus_node *block(gradus_node *h, int channels, int kernel)
{
    const gradus_conv2d_options without_bias = { .no_bias = 1 };

    h = gradus_conv2d(h, channels, kernel, &without_bias);
    return gradus_relu(gradus_batchnorm(gradus_maxpool2d(h, 2, NULL)));
}

static gradus_node *mlp(gradus_node *x)
{
    gradus_node *h = dense(x, 192);                      /* [B,192] */

    h = dense(h, 128);                                   /* [B,128] */
    return gradus_dense(h, 10);                          /* [B,10]  */
}

static gradus_node *conv_8_16(gradus_node *x)
{
    gradus_node *h = block(x, 8, 5);                     /* [B,8,10,10] */

    h = block(h, 16, 3);                                 /* [B,16,4,4]  */
    h = dense(h, 256);                                   /* [B,256]     */
    return gradus_dense(h, 10);                          /* [B,10]      */
}

/* ---- Recipes ---- */

const recipe recipes[RECIPES] = {
    { .name = "mnist-98-dense", .data = "data/mnist", .target = 0.98,
      .net = "dense 192, dense 128", .build = mlp,
      .margin = 4, .share = 1, .epochs = 2, .batch = 128,
      .learning_rate = 0.02 },
    { .name = "mnist-99", .data = "data/mnist", .target = 0.99,
      .net = "conv 8, conv 16, dense 256", .build = conv_8_16,
      .margin = 2, .share = 0.8, .epochs = 1, .batch = 64,
      .learning_rate = 0.02 },
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

/* ---- Images ---- */

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

gradus_graph *build_recipe(const recipe *r, uint64_t seed, int threads,
                           const gradus_dataset *d)
{
    const gradus_softmax_ce_options smooth = { .label_smoothing = 0.1 };
    gradus_graph *g = gradus_graph_new(seed);
    gradus_node *x = gradus_image(g, 1, d->height - 2 * r->margin,
                                  d->width - 2 * r->margin);
    gradus_node *t = gradus_labels(g, 1);

    gradus_softmax_ce(r->build(x), t, &smooth);
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
                               (uint64_t)now->recipe->epochs * steps, 0.2, 10,
                               1000);
}

int train_recipe(const recipe *r, uint64_t seed, gradus_graph *g,
                 const gradus_dataset *d)
{
    gradus_optimiser *o =
        gradus_adamw(g, &(gradus_adam_options){ .beta2 = 0.99 });
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
