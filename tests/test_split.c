/* test_split.c -- splitting a dataset in two, and the weights of its
 * classes. */
#include "tests.h"

#include "allocations.h"
#include "nets.h"

#include <math.h>
#include <stdlib.h>

enum { N = 50 };

/* Every number of sample i tells i: x is 100 i + j, and likewise for pixels,
 * labels, targets and weights. */
static gradus_real x[N * 3], targets[N * 2], weights[N];
static uint8_t pixels[N * 3];
static int32_t labels[N * 2];
static const char *const NAMES[] = { "cat", "dog" };
static gradus_dataset d, train, valid;

static void begin(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < 3; j++) {
            x[3 * i + j] = (gradus_real)(100 * i + j);
            pixels[3 * i + j] = (uint8_t)(3 * i + j);
        }
        for (int j = 0; j < 2; j++) {
            labels[2 * i + j] = 1000 * i + j;
            targets[2 * i + j] = (gradus_real)(-10 * i - j);
        }
        weights[i] = (gradus_real)i / 2;
    }
    d = (gradus_dataset){
        .n = N, .size = 3, .channels = 3, .height = 1, .width = 1, .x = x,
        .labels = labels, .positions = 2, .targets = targets,
        .target_size = 2, .weights = weights, .classes = 2,
        .class_names = NAMES,
    };
}

static void end(void)
{
    gradus_dataset_free(&train);
    gradus_dataset_free(&valid);
}

EACH_TEST(.begin = begin, .end = end)

static void split(double fraction, uint64_t seed)
{
    ck_assert_msg(gradus_split(&d, fraction, seed, NULL, &train, &valid) == 0,
                  "%s", gradus_error());
}

/* Returns which sample row r of part p is.  Asserts that all its values are of
 * that sample. */
static int sample(const gradus_dataset *p, size_t r)
{
    int i = p->x ? (int)p->x[3 * r] / 100 : p->pixels[3 * r] / 3;

    ck_assert(i >= 0 && i < N);
    if (p->x)
        ck_assert_mem_eq(p->x + 3 * r, x + 3 * i, 3 * sizeof *x);
    else
        ck_assert_mem_eq(p->pixels + 3 * r, pixels + 3 * i, 3);
    if (p->labels)
        ck_assert_mem_eq(p->labels + 2 * r, labels + 2 * i,
                         2 * sizeof *labels);
    if (p->targets)
        ck_assert_mem_eq(p->targets + 2 * r, targets + 2 * i,
                         2 * sizeof *targets);
    if (p->weights)
        ck_assert_double_eq(p->weights[r], weights[i]);
    return i;
}

/* Asserts that each sample is in exactly one part, once. */
static void assert_partition(size_t n_valid)
{
    int seen[N] = { 0 };

    ck_assert_uint_eq(valid.n, n_valid);
    ck_assert_uint_eq(train.n, N - n_valid);
    for (size_t r = 0; r < train.n; r++)
        seen[sample(&train, r)]++;
    for (size_t r = 0; r < valid.n; r++)
        seen[sample(&valid, r)]++;
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(seen[i], 1);
}

TEST(every_sample_is_in_one_part_with_all_its_data)
{
    split(0.25, 1);
    assert_partition(13); /* 12.5, rounded up */
    const gradus_dataset *parts[] = { &train, &valid };
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(parts[i]->size, 3);
        ck_assert_int_eq(parts[i]->channels, 3);
        ck_assert_int_eq(parts[i]->height * parts[i]->width, 1);
        ck_assert_int_eq(parts[i]->positions, 2);
        ck_assert_int_eq(parts[i]->target_size, 2);
        ck_assert(parts[i]->labels && parts[i]->targets && parts[i]->weights);
        ck_assert_int_eq(parts[i]->classes, 2);
        ck_assert_ptr_ne(parts[i]->class_names[1], NAMES[1]);
        ck_assert_str_eq(parts[i]->class_names[0], "cat");
        ck_assert_str_eq(parts[i]->class_names[1], "dog");
    }
}

TEST(pixels_alone_are_split_too)
{
    d = (gradus_dataset){ .n = N, .size = 3, .pixels = pixels };
    split(0.5, 1);
    assert_partition(25);
    ck_assert_ptr_null(valid.x);
    ck_assert_ptr_null(valid.labels);
    ck_assert_ptr_null(valid.targets);
    ck_assert_ptr_null(valid.weights);
    ck_assert_ptr_null(valid.class_names);
    ck_assert_int_eq(valid.classes + valid.target_size, 0);
}

TEST(the_seed_decides_which_samples_are_in_a_part)
{
    gradus_real first[13 * 3];
    int in_order = 1;

    split(0.25, 1);
    memcpy(first, valid.x, sizeof first);
    for (size_t r = 0; r < 13; r++)
        in_order &= sample(&valid, r) == (int)(N - 13 + r);
    ck_assert(!in_order);
    end();
    split(0.25, 1);
    ck_assert_mem_eq(valid.x, first, sizeof first);
    end();
    split(0.25, 2);
    ck_assert_mem_ne(valid.x, first, sizeof first);
}

TEST(a_part_that_is_freed_is_empty_and_may_be_freed_again)
{
    split(0.25, 1);
    for (int i = 0; i < 2; i++) {
        gradus_dataset_free(&train);
        ck_assert_uint_eq(train.n, 0);
        ck_assert_ptr_null(train.x);
        ck_assert_ptr_null(train.pixels);
        ck_assert_ptr_null(train.labels);
        ck_assert_ptr_null(train.targets);
        ck_assert_ptr_null(train.weights);
        ck_assert_ptr_null(train.class_names);
        ck_assert_ptr_null(train.owned);
    }
    ck_assert_uint_eq(valid.n, 13); /* the other part is left alone */
    sample(&valid, 12);
}

TEST(a_dataset_that_owns_nothing_is_left_alone)
{
    gradus_dataset_free(&d);
    ck_assert_uint_eq(d.n, N);
    ck_assert_ptr_eq(d.x, x);
}

TEST(both_parts_train_a_net)
{
    gradus_dataset all = data_new(1, 100, 12, 4);
    net n = net_new(1, (int[]){ 12, 30, 4 }, 16, 1);
    gradus_optimiser *o = gradus_sgd(n.g, NULL);

    ck_assert_int_eq(gradus_split(&all, 0.2, 7, NULL, &train, &valid), 0);
    data_free(&all); /* the parts are copies */
    ck_assert_msg(gradus_fit(o, &train, &(gradus_fit_options){
                                            .validation = &valid }) == 0,
                  "%s", gradus_error());
    gradus_optimiser_free(o);
    net_free(&n);
}

static void refused(double fraction, const char *text)
{
    ck_assert_msg(gradus_split(&d, fraction, 1, NULL, &train, &valid) != 0,
                  "the split succeeds; must fail with \"%s\"", text);
    assert_error(text);
    ck_assert_ptr_null(train.owned);
    ck_assert_ptr_null(valid.owned);
}

TEST(an_impossible_split_is_refused)
{
    refused(0, "fraction 0 of 50 samples is 0; must be between 0 and 1");
    refused(1, "fraction 1 of 50 samples is 50;");
    refused(-0.5, "fraction -0.5 of 50 samples is -25;");
    refused(1e300, "fraction 1e+300 of 50 samples is 5e+301;");
    refused(NAN, "fraction nan of 50 samples is nan;");
    refused(0.005, "0.005 of 50 samples is 0");
    refused(0.995, "0.995 of 50 samples is 50");
    d.target_size = 0;
    refused(0.5, "has targets, but target_size is 0");
    d.pixels = pixels;
    refused(0.5, "has both x and pixels; must have either");
    d.x = NULL;
    d.pixels = NULL;
    refused(0.5, "has no values; must have either x or pixels");
    d.pixels = pixels;
    d.n = 0;
    refused(0.5, "0 samples of 3 values");
    d.n = N;
    d.positions = -1;
    refused(0.5, "positions is -1 and classes is 2; must be at least 0");
    ck_assert_int_ne(gradus_split(NULL, 0.5, 1, NULL, &train, &valid), 0);
    assert_error("a dataset is NULL");
    ck_assert_int_ne(gradus_split(&d, 0.5, 1, NULL, &train, &train), 0);
    assert_error("the same");
    ck_assert_int_ne(gradus_split(&d, 0.5, 1, NULL, &d, &valid), 0);
    assert_error("the same");
}

TEST(each_allocation_of_a_split_may_fail)
{
    int live = allocations_live();

    for (int k = 1; k <= 4; k++) { /* of them, two are for the parts */
        allocations_fail(k, 0);
        int status = gradus_split(&d, 0.5, 1, NULL, &train, &valid);
        allocations_fail(0, 0);
        ck_assert_int_ne(status, 0);
        assert_error("out of memory");
        ck_assert_int_eq(allocations_live(), live);
        ck_assert_ptr_null(train.owned);
    }
}

/* ---- target_size -------------------------------------------------------- */

TEST(targets_of_another_size_than_the_graph_takes_are_refused)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *in = gradus_input(g, 3), *t = gradus_input(g, 3);
    gradus_metrics m = { 0 };

    gradus_softmax_ce(gradus_dense(in, 3), t, NULL);
    ck_assert_int_eq(gradus_compile(g, 4, 1), 0);
    ck_assert_int_ne(gradus_evaluate(g, &d, NULL, &m), 0);
    assert_error("takes 3 targets a sample, but the dataset has 2");
    gradus_graph_free(g);
}

/* ---- class weights ------------------------------------------------------ */

/* n / (K n_k): 6 / (3 * 1), 6 / (3 * 2), 6 / (3 * 3). */
TEST(class_weights_are_inverse_frequencies)
{
    static const int32_t six[] = { 2, 1, 2, 0, 1, 2 };
    gradus_dataset s = { .n = 6, .labels = six };
    double w[3];

    ck_assert_int_eq(gradus_class_weights(&s, 3, w), 0);
    ck_assert_double_eq(w[0], 2);
    ck_assert_double_eq(w[1], 1);
    ck_assert_double_eq_tol(w[2], 2. / 3, 1e-15);
    s.n = 3, s.positions = 2; /* the same six labels */
    ck_assert_int_eq(gradus_class_weights(&s, 3, w), 0);
    ck_assert_double_eq(w[0], 2);
}

TEST(labels_without_a_class_weight_are_refused)
{
    static const int32_t six[] = { 2, 1, 2, 0, 1, 2 };
    static const int32_t bad[] = { 0, 1, -1, 0 };
    gradus_dataset s = { .n = 6, .labels = six };
    double w[4];

    ck_assert_int_ne(gradus_class_weights(&s, 4, w), 0);
    assert_error("class 3 has no label among 6 samples");
    ck_assert_int_ne(gradus_class_weights(&s, 2, w), 0);
    assert_error("sample 0, position 0: label is 2; must be 0..1");
    s = (gradus_dataset){ .n = 2, .positions = 2, .labels = bad };
    ck_assert_int_ne(gradus_class_weights(&s, 2, w), 0);
    assert_error("sample 1, position 0: label is -1");
    s.labels = NULL;
    ck_assert_int_ne(gradus_class_weights(&s, 2, w), 0);
    assert_error("a dataset with labels");
    s.labels = six;
    ck_assert_int_ne(gradus_class_weights(&s, 0, w), 0);
    ck_assert_int_ne(gradus_class_weights(&s, 2, NULL), 0);
    ck_assert_int_ne(gradus_class_weights(NULL, 2, w), 0);
}
