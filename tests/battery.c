/* battery.c -- the checks of the battery; each takes any row of the table. */
#include "battery.h"

#include "probe.h"
#include "reload.h"
#include "trial.h"

#include <math.h>
#include <stdlib.h>

enum {
    ROWS = 300, /* rows in a batch: three pieces, and six slices */
    /* Rows in a batch whose gradients are checked: two slices.  The check
     * takes two forwards for each number, so samples of more than LARGE values
     * are checked in a batch of LARGE_ROWS rows. */
    GRADIENT_ROWS = 17, LARGE = 512, LARGE_ROWS = 3,
    NAN_ROWS = 4 /* rows in a batch that holds a NaN */
};

/* The number of values in one sample of x. */
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

/* How many numbers of each array are compared: all, unless BATTERY_MOST in the
 * environment says how many make a sample.  tests/run.sh sets it where a
 * sanitiser or valgrind makes this ten times as slow or more. */
static size_t most_compared(void)
{
    const char *most = getenv("BATTERY_MOST");

    return most ? (size_t)strtoul(most, NULL, 10) : 0;
}

static int check_gradients(const battery_row *row)
{
    for (trial_tail behind = DENSE; behind <= ONE; behind++) {
        trial *t = trial_new(row, behind, gradient_rows_of(row));
        gradus_check check = { .most = most_compared() };
        if (trial_begin(t, 1))
            return -1;
        double d = gradus_check_gradients(t->g, t->rows, 1e-6, &check);
        TRY(d < 0);
        if (!(d <= 1))
            return trial_wrong("with a %s dy, the gradient of %s is off by %g "
                               "times what is allowed",
                               behind == SPARSE ? "sparse" : "dense",
                               check.where, d);
    }
    return 0;
}

/* ---- alone ----------------------------------------------------------- */

/* Checks that each row, run alone, has the value that it has in the batch.
 * This must come before compare_gradients: a forward that follows a backward
 * draws other random numbers. */
static int compare_values(const trial *t)
{
    const size_t size = (size_t)t->y->size;
    char what[32];

    TRY(gradus_forward(t->g, NULL, t->rows));
    const gradus_real *y = trial_copy(t).v[Y];
    for (int i = 0; i < t->rows; i++) {
        TRY(gradus_forward(t->g, &i, 1));
        snprintf(what, sizeof what, "run alone, the y of row %d", i);
        if (trial_other_numbers(t->y->y, y + (size_t)i * size, size, 1, what))
            return -1;
    }
    return 0;
}

/* Checks that each row, run alone, has the gradient that it has in the batch.
 * A loss that is a mean divides by D, which differs between the two. */
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
        snprintf(what, sizeof what, "run alone, the dx of row %d", i);
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

/* Is the batch so little work that the graph does not wake its threads?  The
 * limit is that of gradus_pays_threads. */
static int is_too_small(const trial *t)
{
    size_t work = gradus_parameter_count(t->g);

    for (int i = 0; i < gradus_node_count(t->g); i++)
        work += (size_t)gradus_node_at(t->g, i)->size;
    return work * (size_t)t->rows < 32768;
}

/* Takes two steps: one by gradus_train_step or by hand, and one whose gradient
 * is the sum of two. */
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
                return trial_wrong("the work is too little for several "
                                   "threads; set .rows to more");
            if (take_steps(t, threads % 2))
                return -1;
            if (threads == 1)
                one = trial_copy(t);
            if (trial_other_results(t, &one)) {
                memcpy(why, trial_fault(), sizeof why);
                return trial_wrong("on %d threads: %.400s", threads, why);
            }
        }
    }
    return 0;
}

/* ---- inference ------------------------------------------------------- */

/* Infers from the n rows from row i on of what x is fed.  Returns y [n,size],
 * or NULL with a message. */
static const gradus_real *infer(const trial *t, int i, int n)
{
    const size_t at = (size_t)i * (size_t)t->x->size;
    const void *data = t->data[t->x->id];

    if (t->row->data == PIXELS)
        return gradus_infer_u8(t->workspace, (const uint8_t *)data + at, n);
    return gradus_infer(t->workspace, (const gradus_real *)data + at, n);
}

/* Compares the inferred y of the n rows from row i on with the evaluated y. */
static int compare_inferred(const trial *t, int i, int n)
{
    const size_t size = (size_t)t->y->size;
    const gradus_real *y = infer(t, i, n);

    TRY(!y);
    return trial_other_numbers(y, t->loss->y + (size_t)i * size,
                               (size_t)n * size, 1,
                               n > 1 ? "the y of the batch"
                                     : "run alone, the y of a row");
}

/* The check comes after a step, because a step changes values that only
 * evaluation and inference use, such as running means. */
static int check_inference(const battery_row *row)
{
    trial *t = trial_new(row, MSE, rows_of(row));
    gradus_metrics m = { 0 };

    if (trial_begin(t, 1) || trial_step(t))
        return -1;
    TRY(gradus_evaluate(t->g, NULL, NULL, &m));
    if (compare_inferred(t, 0, t->rows))
        return -1;
    for (int i = 0; i < t->rows; i++)
        if (compare_inferred(t, i, 1))
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

/* Graph t adds the gradient of a second batch to that of a first one.  The
 * result must be the sum of the gradients that graph u computes one by one.
 * Each batch has n rows, which are several slices, and more rows than the
 * tiles take at once. */
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

/* Saves t's graph, loads it again into u, and feeds u the same data. */
static int load_again(trial *u, const trial *t)
{
    u->g = reload(t->g);
    u->x = gradus_node_at(u->g, t->x->id);
    u->y = gradus_node_at(u->g, t->y->id);
    u->loss = gradus_node_at(u->g, t->loss->id);
    TRY(!(u->workspace = gradus_workspace_new(u->g, u->rows)));
    return trial_feed(u);
}

/* Graph t takes a step before it is saved, so that running means and the like
 * differ from what they start as.  Random numbers depend on how many backwards
 * a graph has done, which is saved, too. */
static int check_saved(const battery_row *row)
{
    trial *t = trial_new(row, MSE, rows_of(row));
    trial *u = trial_new(row, MSE, t->rows);

    if (trial_begin(t, 1) || trial_step(t) || load_again(u, t) ||
        trial_run(u, NULL, u->rows) || trial_run(t, NULL, t->rows))
        return -1;
    if (gradus_loss(t->g) != gradus_loss(u->g))
        return trial_wrong("after loading, the loss is %.17g; must be %.17g, "
                           "as before saving",
                           gradus_loss(u->g), gradus_loss(t->g));
    const trial_results r = trial_look(t);
    if (trial_other_results(u, &r))
        return -1;
    const gradus_real *a = infer(t, 0, t->rows), *b = infer(u, 0, u->rows);
    TRY(!a || !b);
    return trial_other_bits(b, a, (size_t)t->rows * (size_t)t->y->size,
                            "the inferred y");
}

/* ---- NaN and infinity ------------------------------------------------ */

/* After a forward that failed: training and inference must fail too, and leave
 * the parameters alone.  k is the place of `bad`, the NaN or infinity, in its
 * row. */
static int goes_on(const trial *t, double bad, int k)
{
    const uint64_t before = gradus_parameters_hash(t->g);

    if (t->sgd && !gradus_train_step(t->sgd, NULL, t->rows))
        return trial_wrong("with %g as value %d, a step succeeds; must fail",
                           bad, k);
    if (gradus_parameters_hash(t->g) != before)
        return trial_wrong("with %g as value %d, a step changes the "
                           "parameters; must leave them", bad, k);
    if (infer(t, 0, t->rows))
        return trial_wrong("with %g as value %d, inference succeeds; must "
                           "fail", bad, k);
    return 0;
}

/* After a forward that succeeded with `bad` in *v: that is right only if y
 * [rows,size] does not depend on *v at all. */
static int is_swallowed(const trial *t, gradus_real *v, double bad, int k,
                        gradus_real *y)
{
    const size_t bytes = (size_t)t->rows * (size_t)t->y->size * sizeof *y;

    *v = 10;
    TRY(gradus_forward(t->g, NULL, t->rows));
    memcpy(y, t->y->y, bytes);
    *v = -10;
    TRY(gradus_forward(t->g, NULL, t->rows));
    if (memcmp(y, t->y->y, bytes) != 0)
        return trial_wrong("with %g as value %d, forward succeeds; must fail, "
                           "as y depends on that value", bad, k);
    return 0;
}

/* After a forward that failed: the message must name row 2, and a node. */
static int is_not_named(const trial *t, double bad, int k)
{
    const char *why = gradus_error();

    if ((strstr(why, "row 2") || strstr(why, "sample 2")) &&
        (strstr(why, t->x->name) || strstr(why, t->y->name) ||
         strstr(why, t->loss->name)))
        return 0;
    return trial_wrong("with %g as value %d of row 2, the message must name "
                       "that row, and x or the layer, but is: %s", bad, k,
                       why);
}

/* Puts a NaN and then infinity in place of each value of row 2 in turn.  Large
 * samples try some of their values.  If `named` is non-zero, only the message is checked, else
 * everything but the message. */
static int try_nans(const battery_row *row, int named)
{
    trial *t = trial_new(row, MSE, NAN_ROWS);

    if (trial_begin(t, 1))
        return -1;
    gradus_real *y = trial_hold((size_t)(t->rows * t->y->size), sizeof *y);
    gradus_real *v = t->data[t->x->id];
    v += 2 * t->x->size;
    for (int i = 0; i < 2 * t->x->size; i += 1 + t->x->size / LARGE) {
        const int k = i % t->x->size;
        const double bad = i < t->x->size ? NAN : INFINITY;
        const gradus_real before = v[k];
        v[k] = (gradus_real)bad;
        int fails = gradus_forward(t->g, NULL, t->rows);
        if (fails ? (named ? is_not_named(t, bad, k) : goes_on(t, bad, k))
                  : !named && is_swallowed(t, v + k, bad, k, y))
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

int battery_row_count(battery_check check)
{
    int rows = 0;

    for (int i = 0; i < battery_count(); i++)
        rows += !battery_why_not(&battery_rows[i], check);
    return rows;
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
