/* spiral.c -- a training loop by hand: a net learns to tell the three arms of
 * a spiral apart, then draws a map of what it learnt. */
#include "gradus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARMS = 3, N = 100 * ARMS, COLUMNS = 60, LINES = 30 };

static void check(int failed)
{
    if (!failed)
        return;
    fprintf(stderr, "spiral: %s\n", gradus_error());
    exit(1);
}

/* Returns the most probable of the three arms; p [ARMS]. */
static int best(const gradus_real *p)
{
    return p[0] > p[1] ? (p[0] > p[2] ? 0 : 2) : (p[1] > p[2] ? 1 : 2);
}

int main(void)
{
    static gradus_real X[N][2]; /* the points */
    static int32_t arm[N];      /* 0, 1 or 2, the arm that each lies on */
    gradus_random r;
    gradus_random_init(&r, 1, 0, 0); /* seed 1 */
    for (int i = 0; i < N; i++) {
        double radius = (double)i / N;
        double angle = 5 * radius + 0.15 * gradus_random_normal(&r);
        arm[i] = i % ARMS;
        angle += 2 * 3.141593 / ARMS * arm[i];
        X[i][0] = (gradus_real)(radius * cos(angle));
        X[i][1] = (gradus_real)(radius * sin(angle));
    }

    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2);               /* [B,2]  */
    gradus_node *t = gradus_labels(g, 1);              /* [B]    */
    gradus_node *h = gradus_relu(gradus_dense(x, 32)); /* [B,32] */
    h = gradus_relu(gradus_dense(h, 32));              /* [B,32] */
    gradus_node *y = gradus_softmax_ce(gradus_dense(h, ARMS), t, NULL);
    check(gradus_compile(g, N, 1));

    gradus_sgd_options rule = {.learning_rate = 0.2, .momentum = 0.9};
    gradus_optimiser *sgd = gradus_sgd(g, &rule);
    check(gradus_feed(x, X[0], N) || gradus_feed_labels(t, arm, N));
    for (int step = 0; step <= 200; step++) {
        check(gradus_forward(g, NULL, N)); /* all N rows, in order */
        const gradus_real *p = gradus_value(y); /* [N,ARMS] */
        int right = 0;
        for (int i = 0; i < N; i++)
            right += best(p + ARMS * i) == arm[i];
        if (step % 40 == 0)
            printf("step %3d  loss %.4f  accuracy %5.1f %%\n", step,
                   gradus_loss(g), 100.0 * right / N);
        check(gradus_backward(g) || gradus_step(sgd));
    }

    gradus_workspace *w = gradus_workspace_new(g, 1);
    for (int i = 0; i < LINES; i++, putchar('\n'))
        for (int j = 0; j < COLUMNS; j++) {
            gradus_real at[2] = {(gradus_real)(2.2 * j / COLUMNS - 1.1),
                                 (gradus_real)(1.1 - 2.2 * i / LINES)};
            const gradus_real *p = gradus_infer(w, at, 1);
            check(!p);
            putchar(p[best(p)] > 0.8 ? ".o#"[best(p)] : ' '); /* ' ': unsure */
        }
    gradus_workspace_free(w);
    gradus_optimiser_free(sgd);
    gradus_graph_free(g);
    return 0;
}
