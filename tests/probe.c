/* probe.c -- nodes and comparisons that the tests of layers share. */
#include "probe.h"

#include "tests.h"

#include <math.h>

typedef struct {
    gradus_loss_node loss;
    const double *c; /* [B,size] */
} probe_node;

/* The weights c [size] of row i of the batch. */
static const double *weights_of(const gradus_node *n, gradus_part p, int i)
{
    return ((const probe_node *)n)->c +
           (size_t)p.batch->index[i] * (size_t)n->size;
}

/* loss[i] = sum c[i,k] x[i,k] over k */
static void weigh(gradus_node *n, gradus_part p)
{
    double *loss = gradus_as_loss(n)->loss;

    for (int i = p.row; i < p.row + p.rows; i++) {
        const double *c = weights_of(n, p, i);
        const gradus_real *x = n->in[0]->y + (size_t)i * (size_t)n->size;
        loss[i] = 0;
        for (int k = 0; k < n->size; k++)
            loss[i] += c[k] * x[k];
    }
}

/* dx += weight c, where weight is that of the loss */
static void weigh_back(gradus_node *n, gradus_part p)
{
    gradus_real *dx = n->in[0]->dy;
    double weight = gradus_as_loss(n)->weight;

    for (int i = p.row; i < p.row + p.rows; i++) {
        const double *c = weights_of(n, p, i);
        for (int k = 0; k < n->size; k++)
            dx[(size_t)i * (size_t)n->size + (size_t)k] +=
                (gradus_real)(weight * c[k]);
    }
}

gradus_node *probe(gradus_node *x, const double *c)
{
    static const gradus_loss_rule rule = { .divisor = NULL };
    static const gradus_op op = {
        .name = "probe", .forward = weigh, .backward = weigh_back,
        .loss = &rule,
    };
    gradus_node *n = gradus_append(NULL, &op, sizeof(probe_node), 1, &x);

    if (!n)
        return NULL;
    ((probe_node *)n)->c = c;
    return gradus_set_shape(n, x->rank, x->shape);
}

double probe_divisor(const gradus_node *loss)
{
    double divisor = gradus_as_loss(loss)->divisor;

    return divisor > 0 ? divisor : 1;
}

static void take_rows(gradus_node *n, gradus_part p)
{
    for (int i = p.row; i < p.row + p.rows; i++) {
        size_t row = (size_t)p.batch->index[i];
        memcpy(n->y + (size_t)i * n->size, n->fed.x + row * n->size,
               (size_t)n->size * sizeof *n->y);
    }
}

gradus_node *probe_values(gradus_graph *g, int rank, const int *shape)
{
    static const gradus_op op = { .name = "values", .forward = take_rows };
    gradus_node *n = gradus_append(g, &op, sizeof *n, 0, NULL);

    n->kind = GRADUS_KIND_VALUES;
    return gradus_set_shape(n, rank, shape);
}

const gradus_op *probe_plant(gradus_node *n, gradus_op *own)
{
    const gradus_op *right = n->op;

    *own = *right;
    n->op = own;
    return right;
}

void probe_fill_double(double *v, size_t n, uint64_t seed)
{
    gradus_random r;

    gradus_random_init(&r, seed, 0, 0);
    for (size_t i = 0; i < n; i++) {
        double u = 2 * gradus_random_uniform(&r) - 1;
        v[i] = fabs(u) < 0.01 ? 0.01 : u;
    }
}

void probe_fill(gradus_real *v, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        double u;
        probe_fill_double(&u, 1, seed * 1000003 + i);
        v[i] = (gradus_real)u;
    }
}

void assert_near(const gradus_real *v, const double *expected, size_t n,
                 double tolerance)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(v[i] - expected[i]) <=
                          tolerance * (1 + fabs(expected[i])),
                      "number %zu is %.9g; must be %.9g", i, (double)v[i],
                      expected[i]);
}

double rounding(void)
{
    return sizeof(gradus_real) == sizeof(float) ? 2e-6 : 1e-12;
}

static gradus_check check;

double probe_gradients(gradus_graph *g, int n)
{
    double d = gradus_check_gradients(g, n, 1e-6, &check);

    ck_assert_msg(d >= 0, "%s", gradus_error());
    return d;
}

const char *probe_worst(void)
{
    return check.where;
}

void probe_assert_caught(gradus_node *n, const gradus_op *wrong, int rows)
{
    const gradus_op *right = n->op;
    double d = probe_gradients(n->graph, rows);

    ck_assert_msg(d <= 1, "%s, without the bug: the gradient of %s is off by "
                  "%g times what is allowed", n->name, probe_worst(), d);
    n->op = wrong;
    d = probe_gradients(n->graph, rows);
    n->op = right;
    ck_assert_msg(d > 1, "%s, with the planted bug: the gradient check passes "
                  "(%g times what is allowed); must fail", n->name, d);
}
