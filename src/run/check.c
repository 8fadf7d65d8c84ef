/* check.c -- compares gradients with central differences.
 *
 *   dL/dv  ~  (L(v + h) - L(v - h)) / 2h
 *
 * v is each parameter in turn, and each value of an input that wants a
 * gradient.  L is computed by two forward passes for each v.
 *
 * L may have a corner at v or less than h from it: a ReLU's x is 0 there, or
 * two values of a maximum are equal.  The differences on the left and on the
 * right are then two numbers, and the central one is their mean, which no
 * gradient has to be.  So where a gradient is not the central difference, and
 * these two are not equal either, it is compared once more at points beside v.
 * If it is right on both sides, then v is at a corner.  A backward that is
 * wrong is wrong there, too.
 */
#include "base/error.h"
#include "base/gemm.h"
#include "run/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How many points on each side of v are tried: another corner may lie near the
 * first. */
enum { TRIES = 3 };

/* One call of gradus_check_gradients. */
typedef struct {
    gradus_graph *g;
    int n;         /* the batch is rows 0 .. n-1 of what is fed */
    double h;      /* the step of the differences */
    uint64_t pass; /* the graph's count of passes when the check began; every
                      forward is run with it, so that all draw the same random
                      numbers (for dropout, say) */
    double loss;   /* L where nothing is changed */
    gradus_mode mode;     /* the caller's */
    gradus_check *result; /* never NULL */
} checker;

/* The numbers of a parameter, or those that are fed to an input, which may
 * normalise them, y = (v - mean) / std for each channel, or standardise them
 * by the scales of its values: then dL/dv = dL/dy / std. */
typedef struct {
    const gradus_node *node;
    const gradus_param *param; /* NULL: of the input */
    gradus_real *v;            /* [count] */
    const gradus_real *dv;     /* [count], of an input dL/dy, else dL/dv */
    size_t count;
    const double *std;         /* [stds], or NULL */
    int stds;
} numbers;

/* ---- one number --------------------------------------------------------- */

/* How far the numbers a and b are apart, relative to the tolerance:
 * |a - b| / (1e-6 + 1e-4 max(|a|, |b|)).  At most 1 is right; a NaN is
 * infinitely far from everything. */
static double distance(double a, double b)
{
    double larger = fmax(fabs(a), fabs(b));
    double d = fabs(a - b) / (1e-6 + 1e-4 * larger);

    return isnan(d) ? INFINITY : d;
}

/* The gradient dL/dv of number i, as the last backward has left it. */
static double gradient_of(const numbers *a, size_t i)
{
    size_t size = (size_t)a->node->size;

    return a->std ? a->dv[i] / a->std[i % size / (size / (size_t)a->stds)]
                  : a->dv[i];
}

/* *loss = L where *v is x. */
static int forward_at(checker *c, gradus_real *v, double x, double *loss)
{
    c->g->passes = c->pass;
    *v = (gradus_real)x;
    int status = gradus_forward(c->g, NULL, c->n);
    *loss = gradus_loss(c->g);
    return status;
}

/* Computes L at v + h and v - h, and puts *v back. */
static int forward_beside(checker *c, gradus_real *v, double *above,
                          double *below)
{
    const gradus_real before = *v;
    int status = forward_at(c, v, before + c->h, above) ||
                 forward_at(c, v, before - c->h, below);

    *v = before;
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

/* Runs the batch forward and backward.  The forward passes of the checks leave
 * dw and dy as this has left them. */
static int compute_gradients(checker *c)
{
    gradus_graph *g = c->g;

    g->passes = c->pass;
    if (gradus_forward(g, NULL, c->n) || gradus_backward(g))
        return -1;
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->op->gradient && g->node[i]->n_params)
            compute_in_two_parts(g->node[i], c->n);
    return 0;
}

/* ---- corners ------------------------------------------------------------ */

/* *right = whether the gradient of number i is the central difference at some
 * point on one side of v: at v + 4 h, v + 16 h, ..; or v - 4 h, .. if h is
 * below 0. */
static int try_side(checker *c, const numbers *a, size_t i, double h,
                    bool *right)
{
    const gradus_real before = a->v[i];
    double above, below;
    int status = 0;

    *right = false;
    for (int k = 0; k < TRIES && !*right && !status; k++) {
        h *= 4;
        a->v[i] = (gradus_real)(before + h);
        status = compute_gradients(c) ||
                 forward_beside(c, a->v + i, &above, &below);
        *right = !status && distance(gradient_of(a, i),
                                     (above - below) / (2 * c->h)) <= 1;
    }
    a->v[i] = before;
    return status;
}

/* Finds out whether v, where the gradient is not the central difference, is at
 * a corner.  `above` and `below` are L at v + h and v - h.  Afterwards the
 * gradients are those at v again. */
static int look_for_corner(checker *c, const numbers *a, size_t i,
                           double above, double below, bool *corner)
{
    bool left = false, right = false;

    *corner = false;
    if (distance((c->loss - below) / c->h, (above - c->loss) / c->h) <= 1)
        return 0;
    if (try_side(c, a, i, -c->h, &left) ||
        (left && try_side(c, a, i, c->h, &right)) || compute_gradients(c))
        return -1;
    *corner = left && right;
    return 0;
}

/* ---- all numbers -------------------------------------------------------- */

/* Counts what was compared, and tells the caller. */
static void note(checker *c, const gradus_check_entry *e)
{
    gradus_check *r = c->result;

    r->compared++;
    if (e->corner)
        r->corners++;
    else if (!r->worst.node || e->error > r->worst.error) {
        r->worst = *e;
        snprintf(r->where, sizeof r->where, "%s.%s[%zu]", e->node->name,
                 e->param ? e->param->name : "y", e->entry);
    }
    if (!r->each)
        return;
    gradus_compute_leave(&c->mode);
    r->each(e, r->user);
    gradus_compute_enter(&c->mode);
}

/* Compares dL/dv of number i with the central difference, which it computes by
 * changing v and putting it back.  Nothing depends on a NaN, which stands for
 * a missing value. */
static int compare(checker *c, const numbers *a, size_t i)
{
    gradus_check_entry e = { .node = a->node, .param = a->param, .entry = i,
                             .gradient = gradient_of(a, i) };
    double above, below;

    if (isnan(a->v[i]))
        return 0;
    if (forward_beside(c, a->v + i, &above, &below))
        return -1;
    e.difference = (above - below) / (2 * c->h);
    e.error = distance(e.gradient, e.difference);
    if (e.error > 1 && look_for_corner(c, a, i, above, below, &e.corner))
        return -1;
    note(c, &e);
    return 0;
}

/* Compares all numbers or, where the caller wants fewer, one from each of as
 * many equal parts, drawn at random. */
static int compare_all(checker *c, const numbers *a)
{
    const gradus_check *r = c->result;
    const uint64_t most = r->most && r->most < a->count ? r->most : a->count;
    gradus_random random;
    int status = 0;

    gradus_random_init(&random, r->seed, (uint32_t)a->node->id,
                       a->param ? (uint64_t)(a->param - a->node->param)
                                : GRADUS_MAX_PARAMS);
    for (uint64_t k = 0; k < most && !status; k++) {
        const uint64_t from = k * a->count / most;
        const uint64_t part = (k + 1) * a->count / most - from;
        status = compare(c, a, (size_t)(from + gradus_random_below(
                                            &random, (uint32_t)part)));
    }
    return status;
}

/* Checks the gradients of n's parameters; buffers have none. */
static int check_parameters(checker *c, const gradus_node *n)
{
    for (int j = 0; j < n->n_params; j++) {
        const gradus_param *p = &n->param[j];
        const numbers a = { .node = n, .param = p, .v = p->w, .dv = p->dw,
                            .count = p->size };
        if (!p->buffer && compare_all(c, &a))
            return -1;
    }
    return 0;
}

/* Checks the gradient of input x with respect to the values [n,size] that are
 * fed to it.  They are a copy of the caller's, which must not be changed. */
static int check_input(checker *c, gradus_node *x)
{
    const gradus_fed fed = x->fed;
    numbers a = { .node = x, .dv = x->dy,
                  .count = (size_t)c->n * (size_t)x->size };

    a.std = gradus_attr_values(x->attr, "std", &a.stds);
    if (!a.std)
        a.std = gradus_attr_values(x->attr, "scale", &a.stds);
    a.v = malloc(a.count * sizeof *a.v);
    if (!a.v)
        return gradus_no_memory("a gradient check");
    for (size_t i = 0; i < a.count; i++)
        a.v[i] = fed.x ? fed.x[i] : (gradus_real)(fed.u8[i] / 255.0);
    x->fed = (gradus_fed){ .x = a.v, .rows = fed.rows };
    int status = compare_all(c, &a);
    x->fed = fed;
    free(a.v);
    return status;
}

/* Checks all parameters, and then all inputs that want a gradient. */
static int check_graph(checker *c)
{
    gradus_graph *g = c->g;
    int status = compute_gradients(c);

    c->loss = gradus_loss(g);
    for (int i = 0; i < g->count && !status; i++)
        status = check_parameters(c, g->node[i]);
    for (int i = 0; i < g->count && !status; i++)
        if (g->node[i]->kind == GRADUS_KIND_VALUES && g->node[i]->dy)
            status = check_input(c, g->node[i]);
    g->passes = c->pass;
    g->batch.rows = 0; /* the values at hand are those of a changed v */
    return status;
}

double gradus_check_gradients(gradus_graph *g, int n, double h,
                              gradus_check *check)
{
    gradus_check own = { 0 };
    checker c = { .g = g, .n = n, .h = h, .result = check ? check : &own };

    *c.result = (gradus_check){
        .most = c.result->most, .seed = c.result->seed,
        .each = c.result->each, .user = c.result->user };
    if (!(h > 0 && h < 1))
        return gradus_error_set("gradus_check_gradients: h is %g; must be "
                                "above 0 and below 1", h);
    if (gradus_need_compiled(g, "gradus_check_gradients"))
        return -1;
    if (g->ranks->size > 1)
        return gradus_error_set("gradus_check_gradients: the graph has %d "
                                "ranks; must have no communicator, as one "
                                "rank does not have all rows",
                                g->ranks->size);
    c.pass = g->passes;
    gradus_compute_enter(&c.mode);
    int status = check_graph(&c);
    gradus_compute_leave(&c.mode);
    return status ? -1 : c.result->worst.error;
}
