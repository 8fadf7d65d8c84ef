/* test_battery.c -- puts each row of the battery through its checks, and
 * plants bugs to test that the checks catch them. */
#include "battery.h"
#include "io/io.h"
#include "probe.h"
#include "tests.h"

#include <math.h>

/* Puts the i-th of the rows that go through this check through it. */
static void run(int i, battery_check check)
{
    const battery_row *row = battery_nth(i, check);
    const char *fault = battery_fault(row, check);

    ck_assert_msg(!fault, "%s: %s", row->name, fault);
}

EACH_TEST(.timeout = 60)

#define CHECK_TEST(name, check)                                             \
    LOOP_TEST(name, battery_row_count(check)) { run(_i, check); }

#ifdef GRADUS_DOUBLE
CHECK_TEST(gradients_equal_central_differences, GRADIENTS)
#endif
CHECK_TEST(a_row_does_not_depend_on_its_batch, ALONE)
CHECK_TEST(a_step_gives_the_same_bits_on_any_number_of_threads, THREADS)
CHECK_TEST(inference_gives_the_values_of_evaluation, INFERENCE)
CHECK_TEST(a_second_backward_gives_the_same_gradients, TWICE)
CHECK_TEST(backward_add_adds_to_the_gradients, ADDING)
CHECK_TEST(a_model_file_keeps_the_layer, SAVED)
CHECK_TEST(a_nan_in_x_is_always_reported, NANS)
CHECK_TEST(the_message_names_the_row_of_a_nan, NAMED)

/* ---- what the battery covers, and what its rows leave out ------------ */

TEST(every_op_has_a_row_in_the_battery)
{
    for (int i = 0; gradus_ops[i]; i++) {
        int rows = 0;
        for (int j = 0; j < battery_count(); j++)
            rows += battery_covers(&battery_rows[j], gradus_ops[i]);
        ck_assert_msg(rows > 0, "the battery has no row for %s; add one to "
                      "tests/battery_rows.c", gradus_ops[i]->name);
    }
}

TEST(checks_that_rows_leave_out_are_printed_with_the_reason)
{
    int count = 0;

    for (int i = 0; i < battery_count(); i++)
        for (int check = 0; check < CHECKS; check++) {
            const battery_row *r = &battery_rows[i];
            const char *why = battery_why_not(r, (battery_check)check);
            if (!why)
                continue;
            count++;
            printf("battery: %s leaves out \"%s\": %s\n", r->name,
                   battery_check_name((battery_check)check), why);
        }
    printf("battery: %d rows, %d checks, %d of %d left out%s\n",
           battery_count(), CHECKS, count, CHECKS * battery_count(),
           sizeof(gradus_real) == sizeof(float)
               ? "; gradients are checked only in double precision" : "");
}

/* ---- planted bugs ---------------------------------------------------- */

static const gradus_op *right;

static void reads_the_row_before(gradus_node *n, gradus_part p)
{
    right->forward(n, p);
    for (int i = p.row ? p.row : 1; i < p.row + p.rows; i++)
        n->y[i * n->size] += n->in[0]->y[(i - 1) * n->in[0]->size] / 100;
}

static void depends_on_threads(gradus_node *n, gradus_part p)
{
    right->forward(n, p);
    n->y[p.row * n->size] *=
        1 + (gradus_real)gradus_threads(n->graph) / 1000;
}

/* In inference, a node has no dy. */
static void infers_otherwise(gradus_node *n, gradus_part p)
{
    right->forward(n, p);
    if (!n->dy)
        n->y[p.row * n->size] *= (gradus_real)1.01;
}

static void takes_nan_for_0(gradus_node *n, gradus_part p)
{
    for (int i = p.row * n->size; i < (p.row + p.rows) * n->size; i++)
        n->y[i] = n->in[0]->y[i] > 0 ? n->in[0]->y[i] : 0;
}

/* Makes a row 0 that begins with NaN, and then makes the first row of the
 * slice begin with NaN instead. */
static void moves_nan(gradus_node *n, gradus_part p)
{
    right->forward(n, p);
    for (int i = p.row; i < p.row + p.rows; i++)
        if (isnan(n->y[i * n->size])) {
            for (int k = 0; k < n->size; k++)
                n->y[i * n->size + k] = 0;
            n->y[p.row * n->size] = NAN;
        }
}

static void never_adds(gradus_node *n, gradus_part p)
{
    p.add = 0;
    right->gradient(n, p);
}

static void always_adds(gradus_node *n, gradus_part p)
{
    p.add = 1;
    right->gradient(n, p);
}

static gradus_node *dense(gradus_node *x)
{
    return gradus_dense(x, 5);
}

/* A convolution of stride 3 whose settings say that it is 4.  Both strides
 * give two outputs for an x of 3 x 5 numbers, but at different places. */
static gradus_node *saving_another_stride(gradus_node *x)
{
    const gradus_conv2d_options o = { .stride = 3 };
    gradus_node *n = gradus_conv2d(x, 4, 1, &o);

    n = gradus_set_attr(n, "stride", 1, &(double){ 4 });
    n = gradus_set_attr(n, "padding", 1, &(double){ 0 }); /* in their order */
    n = gradus_set_attr(n, "groups", 1, &(double){ 1 });
    return gradus_set_attr(n, "bias", 1, &(double){ 1 });
}

static const struct bug {
    const char *name;
    battery_check check; /* the check that must catch the bug */
    gradus_node *(*layer)(gradus_node *x);
    void (*forward)(gradus_node *n, gradus_part p);
    void (*gradient)(gradus_node *n, gradus_part p);
} bugs[] = {
    { "reads the row before", ALONE, dense, reads_the_row_before, NULL },
    { "depends on the number of threads", THREADS, dense, depends_on_threads,
      NULL },
    { "infers other values than it evaluates", INFERENCE, dense,
      infers_otherwise, NULL },
    { "always adds", TWICE, dense, NULL, always_adds },
    { "never adds", ADDING, dense, NULL, never_adds },
    { "saves another stride than its own", SAVED, saving_another_stride, NULL,
      NULL },
    { "turns NaN into 0", NANS, gradus_relu, takes_nan_for_0, NULL },
    { "moves NaN to another row", NAMED, dense, moves_nan, NULL },
#ifdef GRADUS_DOUBLE
    { "never adds", GRADIENTS, dense, NULL, never_adds },
    { "reads the row before", GRADIENTS, dense, reads_the_row_before, NULL },
#endif
};

static const struct bug *bug;

static gradus_node *spoilt(gradus_node *x)
{
    static gradus_op wrong;
    gradus_node *n = bug->layer(x);

    if (!bug->forward && !bug->gradient)
        return n;
    right = probe_plant(n, &wrong);
    if (bug->forward)
        wrong.forward = bug->forward;
    if (bug->gradient)
        wrong.gradient = bug->gradient;
    return n;
}

LOOP_TEST(the_checks_catch_planted_bugs, COUNT(bugs))
{
    const battery_row row = { "spoilt", spoilt, .rank = 3,
                              .shape = { 2, 3, 5 } };

    bug = &bugs[_i];
    const char *fault = battery_fault(&row, bug->check);
    ck_assert_msg(fault != NULL, "a layer that %s passes the check \"%s\"; "
                  "must fail it", bug->name, battery_check_name(bug->check));
}

/* ---- the bugs that any backward may have ----------------------------- */

#ifdef GRADUS_DOUBLE

static void overwrites(gradus_node *n, gradus_part p)
{
    for (int j = 0; j < n->n_in; j++)
        if (n->in[j]->dy)
            memset(gradus_row(n->in[j]->dy, p, n->in[j]->size), 0,
                   (size_t)(p.rows * n->in[j]->size) * sizeof *n->dy);
    right->backward(n, p);
}

static void leaves_out_a_row(gradus_node *n, gradus_part p)
{
    p.rows--;
    right->backward(n, p);
}

static void goes_back_twice(gradus_node *n, gradus_part p)
{
    right->backward(n, p);
    right->backward(n, p);
}

static const struct {
    const char *name;
    void (*backward)(gradus_node *n, gradus_part p);
} backward_bugs[] = {
    { "overwrites dx", overwrites },
    { "leaves out a row", leaves_out_a_row },
    { "adds twice", goes_back_twice },
};

static const battery_row *sound; /* the row that gets the bug */
static int planted_bug;          /* the bug's place in backward_bugs */
static int plantings;            /* how often it was planted */

/* Builds the row `sound`, and plants the bug if its node takes x itself.  In
 * backward, a probe has added to x's dy before the node does. */
static gradus_node *spoilt_backward(gradus_node *x)
{
    static gradus_op wrong;
    gradus_node *n = sound->build(x);

    if (n->n_in && n->in[0] == x && n->op->backward) {
        plantings++;
        right = probe_plant(n, &wrong);
        wrong.backward = backward_bugs[planted_bug].backward;
    }
    return n;
}

TEST(a_bug_in_any_backward_is_caught)
{
    int caught = 0;

    for (int i = 0; i < battery_count(); i++) {
        battery_row row = *(sound = &battery_rows[i]);
        row.build = spoilt_backward;
        row.rows = 4;
        if (row.no_gradient || battery_why_not(sound, GRADIENTS))
            continue;
        for (planted_bug = 0; planted_bug < COUNT(backward_bugs);
             planted_bug++) {
            plantings = 0;
            const char *fault = battery_fault(&row, GRADIENTS);
            ck_assert_msg(fault || !plantings, "%s: a backward that %s "
                          "passes; must fail", row.name,
                          backward_bugs[planted_bug].name);
            caught += plantings != 0;
        }
    }
    printf("battery: %d bugs planted in backward were caught\n", caught);
}

#endif
