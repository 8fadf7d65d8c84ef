/* xor.c -- the smallest complete program: a net learns XOR. */
#include "gradus.h"

#include <stdio.h>
#include <stdlib.h>

static void die(const char *message)
{
    fprintf(stderr, "xor: %s\n", message);
    exit(1);
}

int main(void)
{
    gradus_graph *g = gradus_graph_new(1);             /* seed 1 */
    gradus_node *x = gradus_input(g, 2);               /* [B,2] */
    gradus_node *t = gradus_labels(g, 1);              /* [B]   */
    gradus_node *h = gradus_relu(gradus_dense(x, 8));  /* [B,8] */
    gradus_softmax_ce(gradus_dense(h, 2), t, NULL);    /* [B,2] */

    const gradus_real X[] = {0, 0,  0, 1,  1, 0,  1, 1};
    const int32_t labels[] = {0, 1, 1, 0};
    gradus_dataset xor_data = {.n = 4, .size = 2, .x = X, .labels = labels};

    if (gradus_compile(g, 4, 1))
        die(gradus_error());
    gradus_optimiser *sgd =
        gradus_sgd(g, &(gradus_sgd_options){.learning_rate = 0.5});
    if (gradus_fit(sgd, &xor_data, &(gradus_fit_options){.epochs = 200}))
        die(gradus_error());

    gradus_workspace *w = gradus_workspace_new(g, 4);
    const gradus_real *p = gradus_infer(w, X, 4); /* [4,2] */
    if (!p)
        die(gradus_error());
    for (int i = 0; i < 4; i++, p += 2) {
        int answer = p[1] > p[0];
        printf("%g xor %g is %d, %.1f %% sure\n", X[2 * i], X[2 * i + 1],
               answer, 100 * p[answer]);
    }

    gradus_workspace_free(w);
    gradus_optimiser_free(sgd);
    gradus_graph_free(g);
    return 0;
}
