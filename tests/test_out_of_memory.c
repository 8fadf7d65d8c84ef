/* test_out_of_memory.c -- makes each allocation fail, alone or with all after
 * it: that must be an error, lose no memory and leave everything fit to be
 * freed.  Starting a thread counts as an allocation too. */
#include "tests.h"

#include "allocations.h"
#include "nets.h"

/* Everything that the program below makes, or NULL if it failed before. */
typedef struct {
    gradus_graph *g;
    gradus_node *x;
    gradus_optimiser *o;
    gradus_workspace *w;
} things;

static const gradus_real X[] = { 0, 0, 0, 1, 1, 0, 1, 1 };
static const int32_t LABELS[] = { 0, 1, 1, 0 };
static const gradus_dataset DATA = { .n = 4, .size = 2, .x = X,
                                     .labels = LABELS };

/* Builds enough nodes that the graph's array of nodes must grow once. */
static int build(things *t)
{
    const char *const names[] = { "even", "odd" };
    double mean = 0.5, std = 0.25, weights[] = { 1, 2 };

    t->g = gradus_graph_new(1);
    if (!t->g)
        return -1;
    t->x = gradus_input(t->g, 2);
    gradus_node *labels = gradus_labels(t->g, 1), *h = t->x;
    if (t->x && (gradus_normalise(t->x, &mean, &std) ||
                 gradus_want_gradient(t->x)))
        return -1;
    for (int i = 0; i < 8; i++)
        h = gradus_relu(gradus_dense(h, 4));
    gradus_softmax_ce(gradus_dense(h, 2), labels,
                      &(gradus_softmax_ce_options){
                          .class_weight = weights, .label_smoothing = 0.1 });
    return gradus_set_class_names(t->g, 2, names) ||
           gradus_compile(t->g, 4, 3);
}

static int use(things *t)
{
    gradus_metrics m = { 0 };
    size_t confusion[4];
    gradus_evaluate_options o = { .confusion = confusion };

    t->o = gradus_sgd(t->g, &(gradus_sgd_options){ .momentum = 0.9 });
    if (!t->o)
        return -1;
    t->w = gradus_workspace_new(t->g, 3);
    return !t->w || !gradus_infer(t->w, X, 3) ||
           gradus_fit(t->o, &DATA, &(gradus_fit_options){
                                       .epochs = 2, .validation = &DATA }) ||
           gradus_evaluate(t->g, &DATA, &o, &m) || gradus_feed(t->x, X, 4) ||
           gradus_feed_labels(gradus_node_at(t->g, 1), LABELS, 4) ||
           gradus_check_gradients(t->g, 4, 1e-3, NULL) < 0;
}

static void free_all(things *t)
{
    gradus_workspace_free(t->w);
    gradus_optimiser_free(t->o);
    gradus_graph_free(t->g);
}

/* Runs the program with the k-th allocation failing.  Returns 0 if the program
 * succeeded, as it does if it makes fewer than k allocations. */
static int fails(int k, int for_ever)
{
    things t = { 0 };
    int before = allocations_live();

    gradus_set_name(NULL, NULL); /* a message that is not about memory */
    allocations_fail(k, for_ever);
    int status = build(&t) || use(&t);
    int made = allocations_made();
    allocations_fail(0, 0);
    int usable = !t.g || !gradus_max_batch(t.g);
    if (!usable) { /* a compiled graph must still be fit for training */
        gradus_optimiser *o = gradus_sgd(t.g, NULL);
        usable = o && gradus_fit(o, &DATA, NULL) == 0;
        gradus_optimiser_free(o);
    }
    free_all(&t);
    int lost = allocations_live() - before;

    ck_assert_msg(lost == 0, "allocation %d fails: %d allocations are not "
                  "freed", k, lost);
    ck_assert_msg(!status == (made < k), "allocation %d of %d fails: the "
                  "status is %d", k, made, status);
    ck_assert_msg(usable, "allocation %d fails: the graph can no longer be "
                  "trained", k);
    if (status)
        ck_assert_msg(strstr(gradus_error(), "memory") ||
                          strstr(gradus_error(), "cannot start 3 threads"),
                      "allocation %d fails: the message must be about memory "
                      "or threads, but is \"%s\"", k, gradus_error());
    return status;
}

EACH_TEST(.timeout = 120)

TEST(each_allocation_may_fail_once)
{
    int k = 1;

    while (fails(k, 0))
        k++;
    ck_assert_int_gt(k, 50); /* else the allocations are not counted */
}

TEST(each_allocation_may_be_the_last_that_succeeds)
{
    for (int k = 1; fails(k, 1); k++)
        ;
}

TEST(a_compile_that_failed_for_lack_of_memory_can_be_tried_again)
{
    for (int k = 1, failed = 1; failed; k++) {
        gradus_graph *g = gradus_graph_new(1);
        gradus_dense(gradus_dense(gradus_input(g, 2), 3), 2);
        allocations_fail(k, 0);
        failed = gradus_compile(g, 4, 3);
        allocations_fail(0, 0);
        ck_assert_msg(!failed || gradus_compile(g, 4, 3) == 0,
                      "allocation %d fails, and the second compile too: %s", k,
                      gradus_error());
        ck_assert_uint_ne(gradus_parameters_hash(g), 0);
        gradus_graph_free(g);
    }
}
