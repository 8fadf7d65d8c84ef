/* battery.c -- the checks of the battery, each for any row. */
#include "battery.h"

#include "probe.h"
#include "reload.h"
#include "trial.h"

#include <math.h>

enum {
    ROWS = 300,         /* five slices; three parts for the tiles */
    GRADIENT_ROWS = 17, /* two slices; each number takes two forwards .. */
    LARGE = 512, LARGE_ROWS = 3, /* .. so fewer of more values than this */
    NAN_ROWS = 4
};

/* Of a sample of x. */
static int size_of(const battery_row *row)
{
    int size = 1;

    for (int i = 0; i < row->rank; i++)
        size *= row->shape[i];
    return size;
}

static int rows_of(const battery_row *row)
{
    return row->rows ? row->rows : ROWS;
}

/* ---- gradients ------------------------------------------------------- */

static int gradient_rows_of(const battery_row *row)
{
    int rows = size_of(row) > LARGE ? LARGE_ROWS : GRADIENT_ROWS;

    return rows < rows_of(row) ? rows : rows_of(row);
}

static int check_gradients(const battery_row *row)
{
    for (trial_tail behind = DENSE; behind <= SPARSE; behind++) {
        trial *t = trial_new(row, behind, gradient_rows_of(row));
        char where[64] = "";
        if (trial_begin(t, 1))
            return -1;
        double d = gradus_check_gradients(t->g, t->rows, 1e-6, where);
        TRY(d < 0);
        if (!(d <= 1))
            return trial_wrong("%s is off by %g times what is allowed, for a "
                               "%s dy", where, d,
                               behind == DENSE ? "dense" : "sparse");
    }
    return 0;
}

/* ---- alone ----------------------------------------------------------- */

/* Each row's value alone is that of the batch.  The values come before the
 * gradients: after a backward a forward takes other random numbers. */
static int compare_values(const trial *t)
{
    const size_t size = (size_t)t->y->size;
    char what[32];

    TRY(gradus_forward(t->g, NULL, t->rows));
    const gradus_real *y = trial_copy(t).v[Y];
    for (int i = 0; i < t->rows; i++) {
        TRY(gradus_forward(t->g, &i, 1));
        snprintf(what, sizeof what, "the y of row %d alone", i);
        if (trial_other_numbers(t->y->y, y + (size_t)i * size, size, 1, what))
            return -1;
    }
    return 0;
}

/* A mean's gradient is divided by the batch's D. */
static int compare_gradients(const trial *t)
{
    const size_t size = (size_t)t->x->size;
    char what[32];

    if (!t->x->dy)
        return 0;
    if (trial_run(t, NULL, t->rows))
        return -1;
    const gradus_real *dx = trial_copy(t).v[DX];
    const double D = probe_divisor(t->loss);
    for (int i = 0; i < t->rows; i++) {
        if (trial_run(t, &i, 1))
            return -1;
        snprintf(what, sizeof what, "the dx of row %d alone", i);
        if (trial_other_numbers(t->x->dy, dx + (size_t)i * size, size,
                                D / probe_divisor(t->loss), what))
            return -1;
    }
    return 0;
}

static int check_alone(const battery_row *row)
{
    trial *t = trial_new(row, ONE, rows_of(row));

    return trial_begin(t, 1) || compare_values(t) || compare_gradients(t);
}

/* ---- threads --------------------------------------------------------- */

/* With less work a graph leaves its threads asleep. */
static int is_too_small(const trial *t)
{
    size_t work = gradus_parameter_count(t->g);

    for (int i = 0; i < gradus_node_count(t->g); i++)
        work += (size_t)gradus_node_at(t->g, i)->size;
    return work * (size_t)t->rows < 32768;
}

/* A step at once or by hand, and one of two gradients added. */
static int take_steps(const trial *t, int by_hand)
{
    if (by_hand ? trial_run(t, NULL, t->rows) : trial_step(t))
        return -1;
    TRY(by_hand && t->sgd && gradus_step(t->sgd));
    if (trial_run(t, NULL, t->rows))
        return -1;
    TRY(gradus_backward_add(t->g));
    TRY(t->sgd && gradus_step(t->sgd));
    return 0;
}

static int check_threads(const battery_row *row)
{
    char why[512];

    for (trial_tail behind = DENSE; behind <= SPARSE; behind++) {
        trial_results one = { 0 };
        for (int threads = 1; threads <= 4; threads++) {
            trial *t = trial_new(row, behind, rows_of(row));
            if (trial_begin(t, threads))
                return -1;
            if (is_too_small(t))
                return trial_wrong("the row is too small for several threads");
            if (take_steps(t, threads % 2))
                return -1;
            if (threads == 1)
                one = trial_copy(t);
            if (trial_other_results(t, &one)) {
                memcpy(why, trial_fault(), sizeof why);
                return trial_wrong("on %d threads %.400s", threads, why);
            }
        }
    }
    return 0;
}

/* ---- inference ------------------------------------------------------- */

/* Rows i .. i+n-1 of what x is fed. */
static const gradus_real *infer(const trial *t, int i, int n)
{
    const size_t at = (size_t)i * (size_t)t->x->size;
    const void *data = t->data[t->x->id];

    if (t->row->data == PIXELS)
        return gradus_infer_u8(t->workspace, (const uint8_t *)data + at, n);
    return gradus_infer(t->workspace, (const gradus_real *)data + at, n);
}

static int infers_others(const trial *t, int i, int n)
{
    const size_t size = (size_t)t->y->size;
    const gradus_real *y = infer(t, i, n);

    TRY(!y);
    return trial_other_numbers(y, t->loss->y + (size_t)i * size,
                               (size_t)n * size, 1,
                               n > 1 ? "the y of the batch"
                                     : "the y of a row alone");
}

/* After a step: it moves what evaluation and inference alone use. */
static int check_inference(const battery_row *row)
{
    trial *t = trial_new(row, MSE, rows_of(row));
    gradus_metrics m = { 0 };

    if (trial_begin(t, 1) || trial_step(t))
        return -1;
    TRY(gradus_evaluate(t->g, NULL, NULL, &m));
    if (infers_others(t, 0, t->rows))
        return -1;
    for (int i = 0; i < t->rows; i++)
        if (infers_others(t, i, 1))
            return -1;
    return 0;
}

/* ---- twice, and added ------------------------------------------------ */

static int check_twice(const battery_row *row)
{
    for (trial_tail behind = DENSE; behind <= SPARSE; behind++) {
        trial *t = trial_new(row, behind, rows_of(row));
        if (trial_begin(t, 1) || trial_run(t, NULL, t->rows))
            return -1;
        trial_results once = trial_copy(t);
        TRY(gradus_backward(t->g));
        if (trial_other_results(t, &once))
            return -1;
    }
    return 0;
}

/* Two batches, of which the second is added, and of another graph their sum.
 * Each is of several slices and parts. */
static int check_adding(const battery_row *row)
{
    trial *t = trial_new(row, DENSE, rows_of(row));
    trial *u = trial_new(row, DENSE, t->rows);
    const int n = t->rows * 2 / 3;
    int *last = trial_hold((size_t)n, sizeof *last);

    for (int i = 0; i < n; i++)
        last[i] = t->rows - n + i;
    if (trial_begin(u, 1) || trial_run(u, NULL, n))
        return -1;
    trial_results sum = trial_copy(u);
    if (trial_run(u, last, n))
        return -1;
    const trial_results second = trial_look(u);
    for (size_t i = 0; i < sum.n[GRADIENT]; i++)
        sum.v[GRADIENT][i] += second.v[GRADIENT][i];
    if (trial_begin(t, 1) || trial_run(t, NULL, n))
        return -1;
    TRY(gradus_forward(t->g, last, n));
    TRY(gradus_backward_add(t->g));
    if (t->x->dy && trial_other_bits(t->x->dy, second.v[DX],
                                     (size_t)n * (size_t)t->x->size, "dx"))
        return -1;
    return trial_other_numbers(gradus_gradients(t->g), sum.v[GRADIENT],
                               sum.n[GRADIENT], 1, "gradient");
}

/* ---- saved ----------------------------------------------------------- */

/* t's graph through a file, as a trial of its own, with the same data. */
static int load_again(trial *u, const trial *t)
{
    u->g = reload(t->g);
    u->x = gradus_node_at(u->g, t->x->id);
    u->y = gradus_node_at(u->g, t->y->id);
    u->loss = gradus_node_at(u->g, t->loss->id);
    TRY(!(u->workspace = gradus_workspace_new(u->g, u->rows)));
    return trial_feed(u);
}

/* What a step moves is saved too.  The loaded graph has done no backward yet,
 * and random numbers are of the backward's number. */
static int check_saved(const battery_row *row)
{
    trial *t = trial_new(row, MSE, rows_of(row));
    trial *u = trial_new(row, MSE, t->rows);

    if (trial_begin(t, 1) || trial_step(t) || load_again(u, t) ||
        trial_run(u, NULL, u->rows) || trial_run(u, NULL, u->rows) ||
        trial_run(t, NULL, t->rows))
        return -1;
    if (gradus_loss(t->g) != gradus_loss(u->g))
        return trial_wrong("the loss is %.17g, and saved and loaded %.17g",
                           gradus_loss(t->g), gradus_loss(u->g));
    const trial_results r = trial_look(t);
    if (trial_other_results(u, &r))
        return -1;
    const gradus_real *a = infer(t, 0, t->rows), *b = infer(u, 0, u->rows);
    TRY(!a || !b);
    return trial_other_bits(b, a, (size_t)t->rows * (size_t)t->y->size,
                            "the inferred y");
}

/* ---- NaN ------------------------------------------------------------- */

/* A forward that has failed: does nothing else go on? */
static int goes_on(const trial *t, int k)
{
    const uint64_t before = gradus_parameters_hash(t->g);

    if (t->sgd && !gradus_train_step(t->sgd, NULL, t->rows))
        return trial_wrong("with a NaN as value %d a step succeeds", k);
    if (gradus_parameters_hash(t->g) != before)
        return trial_wrong("with a NaN as value %d a step changes the "
                           "parameters", k);
    if (infer(t, 0, t->rows))
        return trial_wrong("with a NaN as value %d inference succeeds", k);
    return 0;
}

/* A forward that has not: does y depend on the value after all? */
static int is_swallowed(const trial *t, gradus_real *v, int k, gradus_real *y)
{
    const size_t bytes = (size_t)t->rows * (size_t)t->y->size * sizeof *y;

    *v = 10;
    TRY(gradus_forward(t->g, NULL, t->rows));
    memcpy(y, t->y->y, bytes);
    *v = -10;
    TRY(gradus_forward(t->g, NULL, t->rows));
    if (memcmp(y, t->y->y, bytes) != 0)
        return trial_wrong("a NaN as value %d is swallowed", k);
    return 0;
}

static int is_not_named(const trial *t, int k)
{
    const char *why = gradus_error();

    if ((strstr(why, "row 2") || strstr(why, "sample 2")) &&
        (strstr(why, t->x->name) || strstr(why, t->y->name) ||
         strstr(why, t->loss->name)))
        return 0;
    return trial_wrong("for a NaN as value %d of row 2 the message is: %s", k,
                       why);
}

/* Puts a NaN in the place of each value of row 2. */
static int try_nans(const battery_row *row, int named)
{
    trial *t = trial_new(row, MSE, NAN_ROWS);

    if (trial_begin(t, 1))
        return -1;
    gradus_real *y = trial_hold((size_t)(t->rows * t->y->size), sizeof *y);
    gradus_real *v = t->data[t->x->id];
    v += 2 * t->x->size;
    for (int k = 0; k < t->x->size; k += 1 + t->x->size / LARGE) {
        const gradus_real before = v[k];
        v[k] = NAN;
        int fails = gradus_forward(t->g, NULL, t->rows);
        if (fails ? (named ? is_not_named(t, k) : goes_on(t, k))
                  : !named && is_swallowed(t, v + k, k, y))
            return -1;
        v[k] = before;
    }
    return 0;
}

static int check_nans(const battery_row *row)
{
    return try_nans(row, 0);
}

static int check_named(const battery_row *row)
{
    return try_nans(row, 1);
}

/* ---- all of them ----------------------------------------------------- */

static const struct {
    const char *name;
    int (*check)(const battery_row *row);
} checks[CHECKS] = {
    [GRADIENTS] = { "gradients", check_gradients },
    [ALONE] = { "alone", check_alone },
    [THREADS] = { "threads", check_threads },
    [INFERENCE] = { "inference", check_inference },
    [TWICE] = { "twice", check_twice },
    [ADDING] = { "adding", check_adding },
    [SAVED] = { "saved", check_saved },
    [NANS] = { "nans", check_nans },
    [NAMED] = { "named", check_named },
};

const char *battery_check_name(battery_check check)
{
    return checks[check].name;
}

const char *battery_why_not(const battery_row *row, battery_check check)
{
    if (row->data == PIXELS && (check == NANS || check == NAMED))
        return "a pixel is never NaN";
    return row->why_not[check];
}

int battery_takers(battery_check check)
{
    int takers = 0;

    for (int i = 0; i < battery_count(); i++)
        takers += !battery_why_not(&battery_rows[i], check);
    return takers;
}

const battery_row *battery_nth(int n, battery_check check)
{
    const battery_row *row = battery_rows;

    while (battery_why_not(row, check) || n-- > 0)
        row++;
    return row;
}

const char *battery_fault(const battery_row *row, battery_check check)
{
    int status = checks[check].check(row);

    trial_free_all();
    return status ? trial_fault() : NULL;
}

int battery_covers(const battery_row *row, const gradus_op *op)
{
    trial *t = trial_new(row, ONE, 1);
    int covers = 0;

    ck_assert_msg(trial_draw(t) == 0, "%s: %s", row->name, trial_fault());
    for (int i = 0; i < gradus_node_count(t->g); i++) {
        const gradus_node *n = gradus_node_at(t->g, i);
        covers |= n->op == op &&
                  (n == t->y || n->kind != GRADUS_KIND_COMPUTED);
    }
    trial_free_all();
    return covers;
}
