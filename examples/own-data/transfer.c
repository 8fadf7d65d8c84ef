/* transfer.c -- a saved net gets a new head.  A net that has learnt the digits
 * 0 to 4 learns 5 to 9 from three images of each, and then reads more of them
 * than the same net that never saw 0 to 4: 3 to 16 %, with the seeds 1 to 10.
 *
 *     build/transfer [MODEL]
 *
 * MODEL is the file for the first net.  Run it in the repository's root. */
#include "gradus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLASSES = 5, MANY = 500, FEW = 3 }; /* images of each digit */

static void check(int failed)
{
    if (!failed)
        return;
    fprintf(stderr, "transfer: %s\n", gradus_error());
    exit(1);
}

/* Copies the first images, at most `most` of each, of the digits low ..
 * low + 4, which then are the classes 0 to 4. */
static gradus_dataset digits(const gradus_dataset *d, int low, size_t most)
{
    size_t size = (size_t)d->size, count[CLASSES] = {0};
    uint8_t *pixels = malloc(CLASSES * most * size);           /* [n,size] */
    int32_t *labels = malloc(CLASSES * most * sizeof *labels); /* [n]      */
    gradus_dataset some = {.size = d->size, .pixels = pixels,
                           .labels = labels};
    if (!pixels || !labels) {
        fprintf(stderr, "transfer: out of memory\n");
        exit(1);
    }
    for (size_t i = 0; i < d->n; i++) {
        int k = d->labels[i] - low;
        if (k < 0 || k >= CLASSES || count[k]++ >= most)
            continue;
        memcpy(pixels + some.n * size, d->pixels + i * size, size);
        labels[some.n++] = k;
    }
    return some;
}

static void release(gradus_dataset *some)
{
    free((void *)some->pixels);
    free((void *)some->labels);
}

/* The two nets differ in the name of the head alone.  If that did not differ,
 * the head would be loaded, too, as it has the same shape. */
static gradus_graph *net(const char *head)
{
    gradus_graph *g = gradus_graph_new(1);             /* seed 1       */
    gradus_node *x = gradus_image(g, 1, 28, 28);       /* [B,1,28,28]  */
    gradus_node *t = gradus_labels(g, 1);              /* [B]          */
    gradus_node *h = gradus_relu(gradus_conv2d(x, 16, 5, NULL));
    h = gradus_maxpool2d(h, 2, NULL);                  /* [B,16,12,12] */
    h = gradus_relu(gradus_conv2d(h, 32, 5, NULL));
    h = gradus_maxpool2d(h, 2, NULL);                  /* [B,32,4,4]   */
    h = gradus_dense(gradus_dropout(h, 0.5), CLASSES); /* [B,5]        */
    gradus_set_name(h, head); /* a failure is one of gradus_compile, too */
    gradus_softmax_ce(h, t, NULL);
    check(gradus_compile(g, 50, 1));
    return g;
}

/* Trains g, and prints its accuracy on the test images. */
static void train(const char *what, gradus_graph *g, const gradus_dataset *d,
                  int epochs, const gradus_dataset *test)
{
    gradus_adam_options rule = {.learning_rate = 0.003};
    gradus_optimiser *o = gradus_adam(g, &rule);
    gradus_metrics m;
    check(!o || gradus_fit(o, d, &(gradus_fit_options){.epochs = epochs}) ||
          gradus_evaluate(g, test, NULL, &m));
    printf("%s, %zu images: test accuracy %.1f %%\n", what, d->n,
           100 * m.accuracy);
    gradus_optimiser_free(o);
}

int main(int argc, char **argv)
{
    const char *model = argc > 1 ? argv[1] : "build/transfer.safetensors";
    const char *folder = access("data/mnist", F_OK) ? "data/sample"
                                                    : "data/mnist";
    gradus_dataset *all = gradus_load_mnist(folder, "train");
    gradus_dataset *test = all ? gradus_load_mnist(folder, "t10k") : NULL;
    check(!test);
    gradus_dataset low = digits(all, 0, MANY), high = digits(all, 5, FEW);
    gradus_dataset low_test = digits(test, 0, MANY);
    gradus_dataset high_test = digits(test, 5, MANY);

    gradus_graph *g = net("zero_to_four");
    train("0 to 4", g, &low, 5, &low_test);
    check(gradus_save(g, model));
    gradus_graph_free(g);

    g = net("five_to_nine");
    train("5 to 9 from scratch", g, &high, 100, &high_test);
    gradus_graph_free(g);

    g = net("five_to_nine");
    check(gradus_load_matching(g, model, stdout) < 0);
    check(gradus_set_group(gradus_find_node(g, "conv1"), 0, 0) || /* frozen */
          gradus_set_group(gradus_find_node(g, "conv2"), 0, 0));
    train("5 to 9 with the trunk of 0 to 4", g, &high, 100, &high_test);
    gradus_graph_free(g);
    release(&low);
    release(&high);
    release(&low_test);
    release(&high_test);
    gradus_dataset_free(all);
    gradus_dataset_free(test);
    return 0;
}
