/* minimal.c -- mnist-minimal, the shortest program that trains on MNIST: a net
 * of one hidden layer learns to read digits, is tested, and is saved.
 *
 *     build/mnist-minimal [MODEL [FOLDER]]
 *
 * MODEL is the file that the net is saved in, and FOLDER has the data.  It is
 * run in the root of the repository, where data/fetch.sh gets all of MNIST;
 * without it, the sample in data/sample is used. */
#include "gradus.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void die(void)
{
    fprintf(stderr, "mnist-minimal: %s\n", gradus_error());
    exit(1);
}

/* gradus_fit calls this after each batch and each epoch. */
static int report(const gradus_progress *p, void *user)
{
    (void)user;
    if (p->epoch_done)
        printf("epoch %d of %d: validation accuracy %.2f %%\n", p->epoch + 1,
               p->epochs, 100 * p->so_far.valid_accuracy);
    return 0; /* go on */
}

int main(int argc, char **argv)
{
    const char *model = argc > 1 ? argv[1] : "build/minimal.safetensors";
    const char *folder = argc > 2 ? argv[2] : "data/mnist";
    if (argc < 3 && access(folder, F_OK))
        folder = "data/sample";

    gradus_dataset *all = gradus_load_mnist(folder, "train");
    if (!all)
        die();
    gradus_dataset *test = gradus_load_mnist(folder, "t10k");
    gradus_dataset train, valid; /* nine tenths and a tenth, by seed 1 */
    if (!test || gradus_split(all, 0.1, 1, NULL, &train, &valid))
        die();
    printf("%s: %zu images to train on\n", folder, train.n);

    gradus_graph *g = gradus_graph_new(1);               /* seed 1       */
    gradus_node *x = gradus_image(g, 1, 28, 28);         /* [B,1,28,28]  */
    gradus_node *t = gradus_labels(g, 1);                /* [B]          */
    gradus_node *h = gradus_relu(gradus_dense(x, 128));  /* [B,128]      */
    gradus_softmax_ce(gradus_dense(h, 10), t, NULL);     /* [B,10]       */
    /* Batches have 64 rows, and all processors compute.  Whether the model can
     * be saved is better known before the training. */
    if (gradus_compile(g, 64, 0) || gradus_try_save(g, model))
        die();

    gradus_optimiser *sgd = gradus_sgd(
        g, &(gradus_sgd_options){.learning_rate = 0.05, .momentum = 0.9});
    gradus_fit_options how = {.epochs = 10, .validation = &valid,
                              .callback = report};
    if (!sgd || gradus_fit(sgd, &train, &how))
        die();

    gradus_metrics m;
    if (gradus_evaluate(g, test, NULL, &m))
        die();
    printf("test accuracy %.2f %%, on %zu images\n", 100 * m.accuracy,
           m.counted);
    if (gradus_save(g, model))
        die();
    printf("saved in %s\n", model);

    gradus_optimiser_free(sgd);
    gradus_graph_free(g);
    gradus_dataset_free(&train);
    gradus_dataset_free(&valid);
    gradus_dataset_free(all);
    gradus_dataset_free(test);
    return 0;
}
