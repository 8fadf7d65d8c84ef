/* trial.c -- a row of the battery turned into a graph with data. */
#include "trial.h"

#include "probe.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static char fault[512];

const char *trial_fault(void)
{
    return fault;
}

int trial_wrong(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(fault, sizeof fault, format, args);
    va_end(args);
    return -1;
}

/* The memory that trial_hold gave, to be freed at the end of the check. */
enum { HELD = 512 };

static void *held[HELD];
static int held_count;

void *trial_hold(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);

    ck_assert(p && held_count < HELD);
    return held[held_count++] = p;
}

enum { TRIALS = 8 };

static trial trials[TRIALS];
static int trial_count;

trial *trial_new(const battery_row *row, trial_tail behind, int rows)
{
    ck_assert_int_lt(trial_count, TRIALS);
    trial *t = &trials[trial_count++];
    *t = (trial){ .row = row, .behind = behind, .rows = rows };
    return t;
}

void trial_free_all(void)
{
    for (; trial_count; trial_count--) {
        trial *t = &trials[trial_count - 1];
        gradus_workspace_free(t->workspace);
        gradus_optimiser_free(t->sgd);
        gradus_graph_free(t->g);
    }
    while (held_count)
        free(held[--held_count]);
}

/* Makes the weights [rows,size] of a probe on n, of which only every `each`-th
 * is not 0. */
static double *new_weights(const trial *t, const gradus_node *n, size_t each)
{
    const size_t count = (size_t)t->rows * (size_t)n->size;
    double *c = trial_hold(count, sizeof *c);

    probe_fill_double(c, count, (uint64_t)n->id + 1);
    for (size_t i = 0; i < count; i++)
        c[i] *= i % each == 0;
    return c;
}

/* The probe on x is made last, so that in backward it adds to dx before the
 * row's node does: a node that overwrites dx is then found out. */
static void add_loss(trial *t)
{
    t->loss = t->y;
    if (t->y->op->loss)
        gradus_set_loss_weight(t->loss, 0.7);
    else if (t->behind == MSE)
        t->loss = gradus_mse(t->y, gradus_input(t->g, t->y->size), NULL);
    else
        t->loss = probe(t->y, new_weights(t, t->y,
                                          t->behind == SPARSE ? 10 : 1));
    if (t->behind == DENSE || t->behind == SPARSE)
        probe(t->x, new_weights(t, t->x, 1));
}

/* Turns a number u in [-1,1) into a value that the data node n accepts. */
static gradus_real value_of(const trial *t, const gradus_node *n,
                            gradus_real u)
{
    if (n == t->x && t->row->data == TOKENS)
        return (gradus_real)floor((u + 1) / 2 * BATTERY_TOKENS);
    if (n == t->x)
        return 3 * u;
    if (n->kind == GRADUS_KIND_WEIGHTS)
        return u < -0.6 ? 0 : 1 + u;
    return u < 0 ? 0 : u; /* targets that every loss accepts; some are 0 */
}

static int feed_labels(trial *t, gradus_node *n, size_t count)
{
    int32_t *label = t->data[n->id] = trial_hold(count, sizeof *label);

    for (size_t i = 0; i < count; i++)
        label[i] = (int32_t)(i * 5 / 3) % t->row->labels;
    return gradus_feed_labels(n, label, (size_t)t->rows);
}

static int feed_pixels(trial *t, gradus_node *n, size_t count)
{
    uint8_t *pixel = t->data[n->id] = trial_hold(count, sizeof *pixel);

    for (size_t i = 0; i < count; i++)
        pixel[i] = (uint8_t)(i * 37 % 256);
    return gradus_feed_u8(n, pixel, (size_t)t->rows);
}

static int feed(trial *t, gradus_node *n)
{
    const size_t count = (size_t)t->rows * (size_t)n->size;

    if (n->kind == GRADUS_KIND_LABELS)
        return feed_labels(t, n, count);
    if (n == t->x && t->row->data == PIXELS)
        return feed_pixels(t, n, count);
    gradus_real *v = t->data[n->id] = trial_hold(count, sizeof *v);
    probe_fill(v, count, (uint64_t)n->id + 100);
    for (size_t i = 0; i < count; i++)
        v[i] = value_of(t, n, v[i]);
    return gradus_feed(n, v, (size_t)t->rows);
}

int trial_feed(trial *t)
{
    ck_assert_int_le(gradus_node_count(t->g), TRIAL_NODES);
    for (int i = 0; i < gradus_node_count(t->g); i++)
        if (gradus_node_at(t->g, i)->kind != GRADUS_KIND_COMPUTED)
            TRY(feed(t, gradus_node_at(t->g, i)));
    return 0;
}

/* Fills the biases too, which would otherwise be 0.  The more numbers a unit
 * sums up, the smaller are their weights, so that the sum is about as large as
 * one of those numbers.  Otherwise a sum near 0 could be left with the
 * rounding errors of terms that are much larger. */
static void fill(const gradus_param *p, uint64_t seed)
{
    const double terms = (double)p->size / p->shape[0];

    probe_fill(p->w, p->size, seed);
    for (size_t i = 0; i < p->size; i++)
        p->w[i] /= (gradus_real)sqrt(terms);
}

static void fill_parameters(gradus_graph *g)
{
    for (int i = 0; i < gradus_node_count(g); i++) {
        const gradus_node *n = gradus_node_at(g, i);
        for (int j = 0; j < n->n_params; j++)
            if (!n->param[j].buffer)
                fill(&n->param[j], (uint64_t)(i * GRADUS_MAX_PARAMS + j));
    }
}

int trial_draw(trial *t)
{
    const int *s = t->row->shape;

    t->g = gradus_graph_new(1);
    t->x = t->row->rank == 1 ? gradus_input(t->g, s[0])
                             : gradus_image(t->g, s[0], s[1], s[2]);
    t->y = t->row->build(t->x);
    return t->y ? 0 : trial_wrong("cannot be built: %s", gradus_error());
}

int trial_begin(trial *t, int threads)
{
    if (trial_draw(t))
        return -1;
    if (!t->row->no_gradient && t->behind != MSE)
        TRY(gradus_want_gradient(t->x));
    add_loss(t);
    TRY(gradus_compile(t->g, t->rows, threads));
    fill_parameters(t->g);
    if (gradus_parameter_count(t->g)) {
        t->sgd = gradus_sgd(t->g, &(gradus_sgd_options){
                                      .learning_rate = 1e-3,
                                      .momentum = 0.9 });
        TRY(!t->sgd);
    }
    if (t->behind == MSE)
        TRY(!(t->workspace = gradus_workspace_new(t->g, t->rows)));
    return trial_feed(t);
}

int trial_run(const trial *t, const int *index, int rows)
{
    TRY(gradus_forward(t->g, index, rows));
    TRY(gradus_backward(t->g));
    return 0;
}

int trial_step(const trial *t)
{
    if (!t->sgd)
        return trial_run(t, NULL, t->rows);
    TRY(gradus_train_step(t->sgd, NULL, t->rows));
    return 0;
}

/* ---- comparisons ----------------------------------------------------- */

int trial_other_numbers(const gradus_real *v, const gradus_real *expected,
                        size_t n, double factor, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        double e = factor * expected[i];
        if (!(fabs(v[i] - e) <= 20 * rounding() * (1 + fabs(e))))
            return trial_wrong("%s[%zu] is %.9g; must be %.9g", what, i,
                               (double)v[i], e);
    }
    return 0;
}

int trial_other_bits(const gradus_real *v, const gradus_real *expected,
                     size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(v + i, expected + i, sizeof *v) != 0)
            return trial_wrong("%s[%zu] is %.17g; must be %.17g, bit for bit",
                               what, i, (double)v[i], (double)expected[i]);
    return 0;
}

trial_results trial_look(const trial *t)
{
    const size_t rows = (size_t)t->rows, P = gradus_parameter_count(t->g);
    const size_t dx = t->x->dy ? rows * (size_t)t->x->size : 0;

    return (trial_results){
        .v = { t->y->y, t->x->dy, gradus_gradients(t->g),
               gradus_parameters(t->g) },
        .n = { rows * (size_t)t->y->size, dx, P, P },
    };
}

trial_results trial_copy(const trial *t)
{
    trial_results r = trial_look(t);

    for (int k = 0; k < TRIAL_KINDS; k++) {
        const gradus_real *from = r.v[k];
        r.v[k] = trial_hold(r.n[k], sizeof *from);
        if (r.n[k])
            memcpy(r.v[k], from, r.n[k] * sizeof *from);
    }
    return r;
}

int trial_other_results(const trial *t, const trial_results *r)
{
    static const char *const name[] = { "y", "dx", "gradient", "parameter" };
    const trial_results now = trial_look(t);

    for (int k = 0; k < TRIAL_KINDS; k++)
        if (now.n[k] && r->n[k] &&
            trial_other_bits(now.v[k], r->v[k], r->n[k], name[k]))
            return -1;
    return 0;
}
