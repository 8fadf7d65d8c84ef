/* custom-layer.c -- a layer of your own: a rectifier that learns its slopes.
 * The program trains a net with it to tell the arms of a spiral apart; when it
 * is compiled as double, it checks the layer's gradients instead. */
#include "gradus_layer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the layer ---------------------------------------------------------- */

/* The parametric rectifier of He et al. 2015, with one slope a for each unit:
 *
 *   y = x where x > 0, else a x           x, y [B,units]   a [units]
 *
 *   dx += dy where x > 0, else a dy       da = sum over rows of dy min(0, x)
 */
static void forward(gradus_node *n, gradus_part p)
{
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
    const gradus_real *a = n->param[0].w;
    gradus_real *y = gradus_row(n->y, p, n->size);

    for (int i = 0; i < p.rows; i++, x += n->size, y += n->size)
        for (int u = 0; u < n->size; u++)
            y[u] = x[u] > 0 ? x[u] : a[u] * x[u];
}

static void backward(gradus_node *n, gradus_part p)
{
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
    const gradus_real *a = n->param[0].w;
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->size);

    for (int i = 0; i < p.rows;
         i++, x += n->size, dy += n->size, dx += n->size)
        for (int u = 0; u < n->size; u++)
            dx[u] += x[u] > 0 ? dy[u] : a[u] * dy[u]; /* others add too */
}

/* Computes da for the units of p over the rows of p.  A large batch comes in
 * several parts: the first sets da, and those with p.add add to it. */
static void gradient(gradus_node *n, gradus_part p)
{
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *da = n->param[0].dw;

    for (int u = p.unit; u < p.unit + p.units; u++)
        if (!p.add)
            da[u] = 0;
    for (int i = 0; i < p.rows; i++, x += n->size, dy += n->size)
        for (int u = p.unit; u < p.unit + p.units; u++)
            da[u] += x[u] > 0 ? 0 : dy[u] * x[u];
}

static gradus_node *learned_relu(gradus_node *x)
{
    static const gradus_op op = {
        .name = "learned_relu", .forward = forward, .backward = backward,
        .gradient = gradient,
    };
    gradus_node *n = gradus_append(NULL, &op, sizeof *n, 1, &x);

    if (n && x->rank != 1)
        return gradus_fail(n, "%s has rank %d; must be 1", x->name, x->rank);
    n = n ? gradus_set_shape(n, 1, x->shape) : NULL;
    return gradus_add_param(n, "slope", 1, n ? n->shape : NULL,
                            GRADUS_INIT_CONSTANT, 0.25);
}

/* ---- a net with it ------------------------------------------------------ */

enum { ARMS = 3, N = 100 * ARMS };

static gradus_real X[N][2]; /* the points */
static int32_t arm[N];      /* 0, 1 or 2, the arm that each lies on */

static void fail_if(int failed)
{
    if (!failed)
        return;
    fprintf(stderr, "custom-layer: %s\n", gradus_error());
    exit(1);
}

/* Draws the points at random along the arms. */
static void draw_spiral(void)
{
    gradus_random r;

    gradus_random_init(&r, 1, 0, 0); /* seed 1 */
    for (int i = 0; i < N; i++) {
        double radius = (i + 1.) / N;
        double angle = 5 * radius + 0.15 * gradus_random_normal(&r);
        arm[i] = i % ARMS;
        angle += 2 * 3.141593 / ARMS * arm[i];
        X[i][0] = (gradus_real)(radius * cos(angle));
        X[i][1] = (gradus_real)(radius * sin(angle));
    }
}

/* Trains, and returns the accuracy on the same points. */
static double train(gradus_graph *g, const gradus_dataset *data)
{
    gradus_sgd_options rule = { .learning_rate = 0.1, .momentum = 0.9 };
    gradus_optimiser *sgd = gradus_sgd(g, &rule);
    gradus_metrics m = { 0 };

    fail_if(gradus_fit(sgd, data, &(gradus_fit_options){ .epochs = 200,
                                                         .batch = 50 }));
    fail_if(gradus_evaluate(g, data, NULL, &m));
    gradus_optimiser_free(sgd);
    return m.accuracy;
}

int main(void)
{
    const gradus_dataset data = { .n = N, .size = 2, .x = X[0],
                                  .labels = arm };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2);                /* [B,2]  */
    gradus_node *t = gradus_labels(g, 1);               /* [B]    */
    gradus_node *a = learned_relu(gradus_dense(x, 32)); /* [B,32] */
    gradus_node *h = learned_relu(gradus_dense(a, 32)); /* [B,32] */
    int failed = 0;

    gradus_softmax_ce(gradus_dense(h, ARMS), t, NULL);
    draw_spiral();
    if (sizeof(gradus_real) == sizeof(double)) {
        gradus_check check = { 0 };
        fail_if(gradus_want_gradient(x) || gradus_compile(g, N, 1));
        fail_if(gradus_feed(x, X[0], N) || gradus_feed_labels(t, arm, N));
        /* of the parameters and of x, over 30 rows */
        double worst = gradus_check_gradients(g, 30, 1e-6, &check);
        fail_if(worst < 0);
        printf("worst gradient: %s, %.1g of what is allowed\n", check.where,
               worst);
        failed = worst > 1;
    } else {
        fail_if(gradus_compile(g, N, 1));
        printf("accuracy %.1f %%\n", 100 * train(g, &data));
        printf("slopes after training (0.25 before):");
        for (int u = 0; u < 8; u++) /* the first units of 32 */
            printf(" %.2f", (double)a->param[0].w[u]);
        printf(" ..\n");
    }
    gradus_graph_free(g);
    return failed;
}
