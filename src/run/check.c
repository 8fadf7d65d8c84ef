/* check.c -- compares gradients with central differences.
 *
 *   dL/dv  ~  (L(v + h) - L(v - h)) / 2h
 *
 * v is each parameter in turn, and each value of an input that wants a
 * gradient.  L is computed by two forward passes for each v.
 */
#include "base/error.h"
#include "base/gemm.h"
#include "run/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WHERE = 64 }; /* bytes of gradus_check_gradients' `where` */

/* One call of gradus_check_gradients. */
typedef struct {
    gradus_graph *g;
    int n;         /* the batch is rows 0 .. n-1 of what is fed */
    double h;      /* the step of the differences */
    uint64_t pass; /* the graph's count of passes when the check began; every
                      forward is run with it, so that all draw the same random
                      numbers (for dropout, say) */
    double worst;  /* the largest distance so far */
    char where[WHERE]; /* which number it belongs to: "dense1.weight[3]" */
} checker;

/* How far the gradient a is from the central difference b, relative to the
 * tolerance: |a - b| / (1e-6 + 1e-4 max(|a|, |b|)).  At most 1 is right; a NaN
 * is infinitely far from everything. */
static double distance(double a, double b)
{
    double larger = fmax(fabs(a), fabs(b));
    double d = fabs(a - b) / (1e-6 + 1e-4 * larger);

    return isnan(d) ? INFINITY : d;
}

/* Compares dL/dv with the central difference, which it computes by changing *v
 * and putting it back.  *v is number i of `what` (a parameter, or "y" for an
 * input) of the node called `name`. */
static int compare(checker *c, gradus_real *v, double gradient,
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
    double d = distance(gradient, (above - below) / (2 * c->h));
    if (d > c->worst) {
        c->worst = d;
        snprintf(c->where, WHERE, "%s.%s[%zu]", name, what, i);
    }
    return 0;
}

/* Checks the gradients of n's parameters; buffers have none. */
static int check_parameters(checker *c, const gradus_node *n)
{
    for (int j = 0; j < n->n_params; j++) {
        const gradus_param *p = &n->param[j];
        for (size_t i = 0; i < p->size && !p->buffer; i++)
            if (compare(c, p->w + i, p->dw[i], n->name, p->name, i))
                return -1;
    }
    return 0;
}

/* Checks the gradient of input x with respect to the values [n,size] that are
 * fed to it.  They are a copy of the caller's, which must not be changed.  An
 * input may normalise them, y = (v - mean) / std for each channel, or
 * standardise them by the scales of its values: then dL/dv = dL/dy / std, but
 * nothing depends on a NaN, which stands for a missing value. */
static int check_input(checker *c, gradus_node *x)
{
    size_t size = (size_t)x->size, count = (size_t)c->n * size;
    gradus_real *values = malloc(count * sizeof *values);
    gradus_fed fed = x->fed;
    int stds, status = 0;
    const double *std = gradus_attr_values(x->attr, "std", &stds);

    if (!std)
        std = gradus_attr_values(x->attr, "scale", &stds);
    if (!values)
        return gradus_no_memory("a gradient check");
    for (size_t i = 0; i < count; i++)
        values[i] = fed.x ? fed.x[i] : (gradus_real)(fed.u8[i] / 255.0);
    x->fed = (gradus_fed){ .x = values, .rows = fed.rows };
    for (size_t i = 0; i < count && !status; i++) {
        double s = std ? std[i % size / (size / (size_t)stds)] : 1;
        status = !isnan(values[i]) &&
                 compare(c, values + i, x->dy[i] / s, x->name, "y", i);
    }
    x->fed = fed;
    free(values);
    return status;
}

/* Computes the gradients of n's parameters again, in two parts, to catch an op
 * whose gradient function ignores p.row or p.add, and so is right only as long
 * as a batch comes in one piece. */
static void compute_in_two_parts(const gradus_node *n, int rows)
{
    gradus_part p = { .rows = rows - rows / 2, .units = n->units,
                      .scratch = n->graph->scratch,
                      .batch = &n->graph->batch };

    n->op->gradient((gradus_node *)n, p);
    p.add = true;
    p.row = p.rows;
    p.rows = rows / 2;
    if (p.rows)
        n->op->gradient((gradus_node *)n, p);
}

/* Runs the batch forward and backward, and checks all parameters, and then all
 * inputs that want a gradient.  The forward passes of the checks leave dw and
 * dy as the backward pass has left them. */
static int check_graph(checker *c)
{
    gradus_graph *g = c->g;
    int status = 0;

    if (gradus_forward(g, NULL, c->n) || gradus_backward(g))
        return -1;
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->op->gradient && g->node[i]->n_params)
            compute_in_two_parts(g->node[i], c->n);
    for (int i = 0; i < g->count && !status; i++)
        status = check_parameters(c, g->node[i]);
    for (int i = 0; i < g->count && !status; i++)
        if (g->node[i]->kind == GRADUS_KIND_VALUES && g->node[i]->dy)
            status = check_input(c, g->node[i]);
    g->batch.rows = 0; /* the values at hand are those of a changed v */
    return status;
}

double gradus_check_gradients(gradus_graph *g, int n, double h, char *where)
{
    checker c = { .g = g, .n = n, .h = h };
    gradus_mode mode;

    if (!(h > 0 && h < 1))
        return gradus_error_set("gradus_check_gradients: h is %g; must be "
                                "above 0 and below 1", h);
    if (gradus_need_compiled(g, "gradus_check_gradients"))
        return -1;
    c.pass = g->passes;
    gradus_compute_enter(&mode);
    int status = check_graph(&c);
    gradus_compute_leave(&mode);
    if (where)
        memcpy(where, c.where, WHERE);
    return status ? -1 : c.worst;
}
