/* check.c -- gradients against central differences.
 *
 *   dL/dv  ~  (L(v + h) - L(v - h)) / 2h
 */
#include "base/error.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WHERE = 64 };

typedef struct {
    gradus_graph *g;
    int n;
    double h;
    uint64_t pass; /* of the analytic gradient: the same dropout, say */
    double worst;
    char where[WHERE];
} checker;

/* How far analytic a is from numeric b, in units of what is allowed. */
static double distance(double a, double b)
{
    double larger = fmax(fabs(a), fabs(b));

    return fabs(a - b) / (1e-6 + 1e-4 * larger);
}

/* Compares `analytic` with the difference that moving *v makes; `name` says
 * whose number i it is. */
static int compare(checker *c, gradus_real *v, double analytic,
                   const char *name, const char *what, size_t i)
{
    gradus_real before = *v;

    c->g->passes = c->pass;
    *v = (gradus_real)(before + c->h);
    int status = gradus_forward(c->g, NULL, c->n);
    double above = gradus_loss(c->g);
    *v = (gradus_real)(before - c->h);
    status = status || gradus_forward(c->g, NULL, c->n);
    double below = gradus_loss(c->g);
    *v = before;
    if (status)
        return -1;
    double d = distance(analytic, (above - below) / (2 * c->h));
    if (!(d <= c->worst)) {
        c->worst = d;
        snprintf(c->where, WHERE, "%s.%s[%zu]", name, what, i);
    }
    return 0;
}

static int check_parameters(checker *c, const gradus_node *n,
                            const gradus_real *grad)
{
    for (int j = 0; j < n->n_params; j++)
        for (size_t i = 0; i < n->param[j].size && !n->param[j].buffer; i++)
            if (compare(c, n->param[j].w + i, grad[n->param[j].offset + i],
                        n->name, n->param[j].name, i))
                return -1;
    return 0;
}

/* Moves the fed value, so a normalised input's dy is divided by std. */
static int check_input(checker *c, gradus_node *x, gradus_real *values,
                       const gradus_real *dy)
{
    size_t size = (size_t)x->size, count = (size_t)c->n * size;
    int channels;
    const double *std = gradus_attr_values(x->attr, "std", &channels);

    for (size_t i = 0; i < count; i++) {
        double s = std ? std[i % size / (size / (size_t)channels)] : 1;
        if (compare(c, values + i, dy[i] / s, x->name, "y", i))
            return -1;
    }
    return 0;
}

/* Feeds x a copy of its rows, which can be moved. */
static int check_copy(checker *c, gradus_node *x)
{
    size_t count = (size_t)c->n * (size_t)x->size;
    gradus_real *values = malloc(2 * count * sizeof *values);
    gradus_fed fed = x->fed;
    int status;

    if (!values)
        return gradus_error_set("out of memory for a gradient check");
    gradus_real *dy = values + count;
    memcpy(dy, x->dy, count * sizeof *dy);
    for (size_t i = 0; i < count; i++)
        values[i] = fed.x ? fed.x[i] : (gradus_real)(fed.u8[i] / 255.0);
    x->fed = (gradus_fed){ .x = values, .rows = fed.rows };
    status = check_input(c, x, values, dy);
    x->fed = fed;
    free(values);
    return status;
}

static int check_all(checker *c, gradus_real *grad)
{
    gradus_graph *g = c->g;

    for (int i = 0; i < g->count; i++)
        if (check_parameters(c, g->node[i], grad))
            return -1;
    for (int i = 0; i < g->count; i++) {
        gradus_node *x = g->node[i];
        if (x->n_in || !x->dy)
            continue;
        g->passes = c->pass;
        if (gradus_forward(g, NULL, c->n) || gradus_backward(g) ||
            check_copy(c, x))
            return -1;
    }
    return 0;
}

static int check_graph(checker *c)
{
    gradus_graph *g = c->g;

    c->pass = g->passes;
    if (gradus_forward(g, NULL, c->n) || gradus_backward(g))
        return -1;
    gradus_real *grad = malloc((g->parameters + 1) * sizeof *grad);
    if (!grad)
        return gradus_error_set("out of memory for a gradient check");
    memcpy(grad, g->grad, g->parameters * sizeof *grad);
    int status = check_all(c, grad);
    free(grad);
    g->rows = 0; /* the last forward was a moved one */
    return status;
}

/* Tiles get half the batch at a time, so that an op is found out that is right
 * for a batch in one part alone. */
double gradus_check_gradients(gradus_graph *g, int n, double h, char *where)
{
    checker c = { .g = g, .n = n, .h = h };

    if (!(h > 0 && h < 1))
        return gradus_error_set("gradus_check_gradients: a step of %g, above "
                                "0 and below 1 wanted", h);
    if (!g) /* what forward says of it */
        return gradus_forward(g, NULL, n);
    int rows = g->tile_rows;
    g->tile_rows = n < 2 ? 1 : n - n / 2;
    int status = check_graph(&c);
    g->tile_rows = rows;
    if (where)
        memcpy(where, c.where, WHERE);
    return status ? -1 : c.worst;
}
