/* model.c -- loads the bad model files of tests/corpus/model.py in the present
 * folder, and prints the message of each:
 *
 *     load-bad-models PATH..
 *
 * Those called params-* are read into a net of its own. */
#include <gradus.h>

#include <string.h>

static int load_parameters(const char *path)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *h = gradus_batchnorm(gradus_input(g, 2));

    gradus_softmax_ce(gradus_dense(h, 2), gradus_labels(g, 1), NULL);
    int error = gradus_compile(g, 1, 1) || gradus_load_parameters(g, path);
    gradus_graph_free(g);
    return error;
}

static int load_model(const char *path)
{
    gradus_graph *g = gradus_load(path, 1, 1, NULL);

    gradus_graph_free(g);
    return g == NULL;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int params = strncmp(argv[i], "params-", 7) == 0;
        int error = params ? load_parameters(argv[i]) : load_model(argv[i]);
        if (error)
            puts(gradus_error());
        else
            printf("%s: was loaded\n", argv[i]);
    }
    return 0;
}
