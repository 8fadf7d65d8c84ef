/* test_split_folds.c -- dividing a dataset into folds. */
#include "tests.h"

#include "allocations.h"

enum { MOST = 60 };

/* The value of sample i is i. */
static gradus_real x[MOST];
static int32_t labels[MOST], groups[MOST];
static gradus_dataset d, train, valid;

static const gradus_split_options by_class = { .stratified = true };
static const gradus_split_options by_group = { .groups = groups };

static void begin(void)
{
    for (int i = 0; i < MOST; i++)
        x[i] = (gradus_real)i;
    memset(labels, 0, sizeof labels);
    memset(groups, 0, sizeof groups);
    d = (gradus_dataset){ .n = MOST, .size = 1, .x = x, .labels = labels };
}

static void end(void)
{
    gradus_dataset_free(&train);
    gradus_dataset_free(&valid);
}

EACH_TEST(.begin = begin, .end = end)

/* Sets of[i] to the fold that validates with sample i.  Asserts that this is
 * one fold for each sample, and that all others train with it. */
static void fold(int folds, uint64_t seed, const gradus_split_options *o,
                 int *of)
{
    int trained[MOST] = { 0 }, validated[MOST] = { 0 };

    for (int f = 0; f < folds; f++) {
        end();
        ck_assert_msg(gradus_fold(&d, folds, f, seed, o, &train, &valid) == 0,
                      "%s", gradus_error());
        ck_assert_uint_eq(train.n + valid.n, d.n);
        for (size_t r = 0; r < train.n; r++)
            trained[(int)train.x[r]]++;
        for (size_t r = 0; r < valid.n; r++) {
            validated[(int)valid.x[r]]++;
            of[(int)valid.x[r]] = f;
        }
    }
    for (size_t i = 0; i < d.n; i++) {
        ck_assert_int_eq(validated[i], 1);
        ck_assert_int_eq(trained[i], folds - 1);
    }
}

/* Asserts that the folds have the same number of those samples whose key is k,
 * to `most` samples; key NULL: of all samples. */
static void assert_equal(int folds, const int *of, const int32_t *key, int k,
                         int most)
{
    int size[MOST] = { 0 }, least = MOST, largest = 0;

    for (size_t i = 0; i < d.n; i++)
        size[of[i]] += !key || key[i] == k;
    for (int f = 0; f < folds; f++) {
        least = size[f] < least ? size[f] : least;
        largest = size[f] > largest ? size[f] : largest;
    }
    ck_assert_int_le(largest - least, most);
    ck_assert(key || least > 0);
}

/* A trial's random numbers; below(&r, 5) is 0..4. */
static int below(gradus_random *r, int limit)
{
    return (int)gradus_random_below(r, (uint32_t)limit);
}

/* Returns a random number of folds of a random number of samples, with random
 * classes 0 .. *most - 1 and the same as groups. */
static int trial(uint64_t seed, int *most)
{
    gradus_random r;

    gradus_random_init(&r, seed, 1, 0);
    d.n = (size_t)(2 + below(&r, MOST - 1));
    *most = 1 + below(&r, 8);
    for (size_t i = 0; i < d.n; i++)
        groups[i] = labels[i] = below(&r, *most);
    return 2 + below(&r, (int)(d.n < 12 ? d.n : 12) - 1);
}

LOOP_TEST(folds_have_the_same_size, 100)
{
    int most, of[MOST], folds = trial((uint64_t)_i, &most);

    fold(folds, 3, NULL, of);
    assert_equal(folds, of, NULL, 0, 1);
}

LOOP_TEST(stratified_folds_have_the_same_number_of_each_class, 100)
{
    int most, of[MOST], folds = trial((uint64_t)_i, &most);

    fold(folds, 3, &by_class, of);
    assert_equal(folds, of, NULL, 0, 1);
    for (int k = 0; k < most; k++)
        assert_equal(folds, of, labels, k, 1);
}

LOOP_TEST(folds_divide_no_group, 100)
{
    int most, of[MOST], folds = trial((uint64_t)_i, &most);
    int first[MOST], count[MOST] = { 0 }, found = 0, largest = 0;

    for (size_t i = 0; i < d.n; i++) {
        int k = (int)groups[i];
        found += !count[k]++;
        largest = count[k] > largest ? count[k] : largest;
    }
    if (folds > found) {
        ck_assert_int_ne(
            gradus_fold(&d, folds, 0, 3, &by_group, &train, &valid), 0);
        assert_error("the number of groups");
        return;
    }
    fold(folds, 3, &by_group, of);
    assert_equal(folds, of, NULL, 0, largest);
    for (size_t i = d.n; i-- > 0;)
        first[groups[i]] = of[i];
    for (size_t i = 0; i < d.n; i++)
        ck_assert_int_eq(of[i], first[groups[i]]);
}

TEST(groups_of_the_same_size_make_folds_of_the_same_size)
{
    int of[MOST];

    for (int i = 0; i < MOST; i++)
        groups[i] = 1000 - i % 12;
    fold(4, 1, &by_group, of);
    assert_equal(4, of, NULL, 0, 0);
}

TEST(a_fold_may_be_a_single_sample)
{
    int of[MOST];

    d.n = 20;
    fold(20, 1, NULL, of);
    assert_equal(20, of, NULL, 0, 0);
    for (int i = 0; i < 20; i++)
        groups[i] = -i;
    fold(20, 1, &by_group, of);
    assert_equal(20, of, NULL, 0, 0);
}

TEST(a_fold_has_all_the_data_of_its_samples)
{
    static gradus_real targets[MOST];
    const char *names[] = { "cat", "dog" };

    for (int i = 0; i < MOST; i++) {
        labels[i] = i % 2;
        targets[i] = (gradus_real)-i;
    }
    d.targets = d.weights = targets;
    d.target_size = 1;
    d.classes = 2;
    d.class_names = names;
    ck_assert_int_eq(gradus_fold(&d, 5, 2, 1, &by_class, &train, &valid), 0);
    ck_assert_uint_eq(valid.n, 12);
    ck_assert_str_eq(valid.class_names[1], "dog");
    for (size_t r = 0; r < valid.n; r++) {
        int i = (int)valid.x[r];
        ck_assert_int_eq(valid.labels[r], i % 2);
        ck_assert_int_eq((int)valid.targets[r], -i);
        ck_assert_int_eq((int)valid.weights[r], -i);
    }
}

TEST(the_seed_decides_which_samples_are_in_a_fold)
{
    const gradus_split_options *each[] = { NULL, &by_class, &by_group };
    int first[MOST], again[MOST], other[MOST];

    for (int i = 0; i < MOST; i++) {
        labels[i] = i % 3;
        groups[i] = i % 20;
    }
    for (int i = 0; i < 3; i++) {
        fold(5, 1, each[i], first);
        fold(5, 1, each[i], again);
        fold(5, 2, each[i], other);
        ck_assert_mem_eq(first, again, sizeof first);
        ck_assert_mem_ne(first, other, sizeof first);
    }
}

static void refused(int folds, int f, const gradus_split_options *o,
                    const char *text)
{
    ck_assert_msg(gradus_fold(&d, folds, f, 1, o, &train, &valid) != 0,
                  "the folds are made; must fail with \"%s\"", text);
    assert_error(text);
    ck_assert_ptr_null(train.owned);
    ck_assert_ptr_null(valid.owned);
}

TEST(impossible_folds_are_refused)
{
    refused(1, 0, NULL, "gradus_fold: folds is 1; must be 2 or more, and at "
            "most 60, the number of samples");
    refused(61, 0, NULL, "folds is 61; must be 2 or more, and at most 60,");
    refused(-3, 0, NULL, "folds is -3;");
    refused(5, 5, NULL, "gradus_fold: fold is 5; must be 0..4");
    refused(5, -1, NULL, "fold is -1; must be 0..4");
    refused(2, 0, &by_group, "gradus_fold: folds is 2; must be 2 or more, and "
            "at most 1, the number of groups");
    refused(2, 0, &(gradus_split_options){ true, groups },
            "gradus_fold: stratified is set and groups is not NULL");
    d.labels = NULL;
    refused(2, 0, &by_class, "gradus_fold: stratified is set, but labels is");
    d.x = NULL;
    refused(2, 0, NULL, "gradus_fold: the dataset has no values");
    ck_assert_int_ne(gradus_fold(NULL, 2, 0, 1, NULL, &train, &valid), 0);
    assert_error("gradus_fold: a dataset is NULL");
    ck_assert_int_ne(gradus_fold(&d, 2, 0, 1, NULL, &valid, &valid), 0);
    assert_error("gradus_fold: two of its datasets are the same");
}

/* Allocations: two of the order, the sizes of the folds if there are groups,
 * and one of each part. */
TEST(each_allocation_of_a_fold_may_fail)
{
    const gradus_split_options *each[] = { NULL, &by_class, &by_group };
    int live = allocations_live();

    for (int i = 0; i < MOST; i++)
        groups[i] = i % 6;
    for (int i = 0; i < 3; i++)
        for (int k = 1; k <= 4 + (i == 2); k++) {
            allocations_fail(k, 0);
            int status = gradus_fold(&d, 3, 1, 1, each[i], &train, &valid);
            allocations_fail(0, 0);
            ck_assert_int_ne(status, 0);
            assert_error("out of memory");
            ck_assert_int_eq(allocations_live(), live);
            ck_assert_ptr_null(train.owned);
        }
}
