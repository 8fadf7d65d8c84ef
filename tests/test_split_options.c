/* test_split_options.c -- splitting a dataset in two by class or by group. */
#include "tests.h"

#include "allocations.h"

#include <math.h>

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

/* Fills key [n] with count[0] times 0, count[1] times 1 and so on, in turn:
 * 0 1 2 0 1 2 0 2 .. */
static size_t fill(int32_t *key, int keys, const int *count)
{
    size_t n = 0;

    for (int round = 0; round < MOST; round++)
        for (int k = 0; k < keys; k++)
            if (round < count[k])
                key[n++] = k;
    return n;
}

static void split(double fraction, uint64_t seed,
                  const gradus_split_options *o)
{
    end();
    ck_assert_msg(gradus_split(&d, fraction, seed, o, &train, &valid) == 0,
                  "%s", gradus_error());
}

/* Returns how many samples of the part have this key. */
static int count_key(const gradus_dataset *part, const int32_t *key, int k)
{
    int count = 0;

    for (size_t r = 0; r < part->n; r++)
        count += key[(int)part->x[r]] == k;
    return count;
}

static void assert_partition(void)
{
    int seen[MOST] = { 0 };

    ck_assert_uint_eq(train.n + valid.n, d.n);
    for (size_t r = 0; r < train.n; r++)
        seen[(int)train.x[r]]++;
    for (size_t r = 0; r < valid.n; r++)
        seen[(int)valid.x[r]]++;
    for (size_t i = 0; i < d.n; i++)
        ck_assert_int_eq(seen[i], 1);
}

static void assert_samples(const gradus_dataset *part, const int *sample)
{
    for (size_t r = 0; r < part->n; r++)
        ck_assert_int_eq((int)part->x[r], sample[r]);
}

/* A program that was run again must get the same samples, and those of earlier
 * versions. */
TEST(without_options_a_seed_gives_the_samples_that_it_always_gave)
{
    static const int first[] = { 3, 9, 8, 6, 2, 7, 1 }, last[] = { 4, 5, 0 };
    static const gradus_split_options zero;
    const gradus_split_options *none[] = { NULL, &zero };

    d.n = 10;
    for (int i = 0; i < 2; i++) {
        split(0.3, 1, none[i]);
        assert_partition();
        assert_samples(&train, first);
        assert_samples(&valid, last);
    }
}

/* ---- by class ----------------------------------------------------------- */

TEST(each_class_has_the_same_fraction_in_both_parts)
{
    d.n = fill(labels, 3, (int[]){ 30, 20, 10 });
    split(0.2, 1, &by_class);
    assert_partition();
    ck_assert_int_eq(count_key(&valid, labels, 0), 6);
    ck_assert_int_eq(count_key(&valid, labels, 1), 4);
    ck_assert_int_eq(count_key(&valid, labels, 2), 2);
}

/* 0.25 of 10 samples is 2.5.  Of the first 10, 20 and 30 samples it is,
 * rounded, 3, 5 and 8. */
TEST(what_is_rounded_up_in_one_class_is_rounded_down_in_another)
{
    d.n = fill(labels, 3, (int[]){ 10, 10, 10 });
    split(0.25, 1, &by_class);
    ck_assert_int_eq(count_key(&valid, labels, 0), 3);
    ck_assert_int_eq(count_key(&valid, labels, 1), 2);
    ck_assert_int_eq(count_key(&valid, labels, 2), 3);
}

TEST(a_class_keeps_a_sample_to_train_on)
{
    d.n = fill(labels, 3, (int[]){ 1, 2, 20 });
    split(0.95, 1, &by_class);
    assert_partition();
    ck_assert_int_eq(count_key(&train, labels, 0), 1);
    ck_assert_int_eq(count_key(&train, labels, 1), 1);
    ck_assert_int_eq(count_key(&train, labels, 2), 1);
}

TEST(a_class_may_be_any_number)
{
    static const int32_t odd[] = { INT32_MIN, -1, INT32_MAX, 0 };

    for (int i = 0; i < 40; i++)
        labels[i] = odd[i % 4];
    d.n = 40;
    d.positions = 1;
    split(0.3, 1, &by_class);
    assert_partition();
    for (int k = 0; k < 4; k++)
        ck_assert_int_eq(count_key(&valid, labels, (int)odd[k]), 3);
}

/* A trial's random numbers; below(&r, 5) is 0..4. */
static int below(gradus_random *r, int limit)
{
    return (int)gradus_random_below(r, (uint32_t)limit);
}

LOOP_TEST(every_stratified_split_is_fair_to_a_sample, 200)
{
    gradus_random r;

    gradus_random_init(&r, (uint64_t)_i, 1, 0);
    d.n = (size_t)(2 + below(&r, MOST - 1));
    int classes = 1 + below(&r, 6);
    double fraction = (1 + below(&r, 98)) / 100.;
    for (size_t i = 0; i < d.n; i++)
        labels[i] = below(&r, classes);
    if (gradus_split(&d, fraction, 7, &by_class, &train, &valid)) {
        assert_error("leave at least 1 in each part");
        return;
    }
    assert_partition();
    for (int k = 0; k < classes; k++) {
        int in_valid = count_key(&valid, labels, k);
        int n = in_valid + count_key(&train, labels, k);
        ck_assert_double_lt(in_valid, fraction * n + 1 - 1e-9);
        ck_assert_double_gt(in_valid, fraction * n - 1 - 1e-9);
        ck_assert(in_valid < n || n == 0);
    }
}

/* ---- by group ----------------------------------------------------------- */

/* Asserts that each group is in one part only. */
static void assert_undivided(int most)
{
    for (int k = 0; k < most; k++)
        ck_assert(!count_key(&train, groups, k) ||
                  !count_key(&valid, groups, k));
}

TEST(groups_of_the_same_size_are_taken_up_to_the_fraction)
{
    d.n = fill(groups, 6, (int[]){ 10, 10, 10, 10, 10, 10 });
    for (uint64_t seed = 0; seed < 10; seed++) {
        split(0.35, seed, &by_group); /* 21 of 60: 20 is nearer than 30 */
        assert_partition();
        assert_undivided(6);
        ck_assert_uint_eq(valid.n, 20);
    }
    split(0.4, 1, &by_group);
    ck_assert_uint_eq(valid.n, 20);
    split(0.45, 1, &by_group); /* 27 */
    ck_assert_uint_eq(valid.n, 30);
    split(5. / 12, 1, &by_group); /* 25 lies between: the smaller part */
    ck_assert_uint_eq(valid.n, 20);
}

TEST(each_part_has_a_group)
{
    d.n = fill(groups, 2, (int[]){ 30, 30 });
    split(0.02, 1, &by_group);
    ck_assert_uint_eq(valid.n, 30);
    end();
    split(0.98, 1, &by_group);
    ck_assert_uint_eq(valid.n, 30);
}

TEST(a_group_may_be_any_number_and_stand_anywhere)
{
    static const int32_t odd[] = { INT32_MAX, 7, INT32_MIN, -1, 7, INT32_MAX };

    memcpy(groups, odd, sizeof odd);
    d.n = 6;
    d.labels = NULL;
    split(0.3, 3, &by_group);
    assert_partition();
    for (int i = 0; i < 6; i++)
        ck_assert(!count_key(&train, groups, (int)odd[i]) ||
                  !count_key(&valid, groups, (int)odd[i]));
}

/* Large and small groups are taken equally often. */
TEST(the_seed_decides_which_groups_are_in_a_part)
{
    int taken[4] = { 0 };

    d.n = fill(groups, 4, (int[]){ 30, 5, 15, 10 });
    for (uint64_t seed = 0; seed < 200; seed++) {
        split(0.02, seed, &by_group); /* takes one group */
        for (int k = 0; k < 4; k++)
            taken[k] += count_key(&valid, groups, k) > 0;
    }
    for (int k = 0; k < 4; k++) { /* 50 are expected, and 6 the deviation */
        ck_assert_int_gt(taken[k], 20);
        ck_assert_int_lt(taken[k], 80);
    }
}

/* Where neither part has only the group that it must have, the last group that
 * was taken, or the next, would bring the part no nearer. */
LOOP_TEST(every_split_by_group_is_a_partition_into_whole_groups, 200)
{
    gradus_random r;

    gradus_random_init(&r, (uint64_t)_i, 2, 0);
    d.n = (size_t)(10 + below(&r, MOST - 9));
    int most = 2 + below(&r, 12);
    double fraction = (10 + below(&r, 80)) / 100.;
    groups[0] = 0;
    groups[1] = 1;
    for (size_t i = 2; i < d.n; i++)
        groups[i] = below(&r, most);
    split(fraction, 7, &by_group);
    assert_partition();
    assert_undivided(most);
    ck_assert(train.n && valid.n);
    int largest = 0, in_train = 0, in_valid = 0; /* the last two: groups */
    for (int k = 0; k < most; k++) {
        int n = count_key(&train, groups, k), m = count_key(&valid, groups, k);
        largest = n + m > largest ? n + m : largest;
        in_train += n > 0;
        in_valid += m > 0;
    }
    double off = fabs((double)valid.n - fraction * (double)d.n);
    double most_off = in_train > 1 && in_valid > 1 ? largest / 2. : largest;
    ck_assert_double_le(off, most_off + 1e-9);
}

/* ---- both --------------------------------------------------------------- */

TEST(the_same_seed_gives_the_same_split)
{
    const gradus_split_options *both[] = { &by_class, &by_group };
    int first[MOST], differ = 0;

    fill(labels, 3, (int[]){ 30, 20, 10 });
    fill(groups, 6, (int[]){ 10, 10, 10, 10, 10, 10 });
    for (int i = 0; i < 2; i++) {
        split(0.5, 5, both[i]);
        for (size_t r = 0; r < valid.n; r++)
            first[r] = (int)valid.x[r];
        split(0.5, 5, both[i]);
        ck_assert_uint_eq(valid.n, 30);
        assert_samples(&valid, first);
        split(0.5, 6, both[i]);
        for (size_t r = 0; r < valid.n; r++)
            differ += (int)valid.x[r] != first[r];
        ck_assert_int_gt(differ, 5);
    }
}

/* In each part, the samples are in the order in which a split without options
 * has all of them. */
TEST(the_samples_of_a_part_are_in_the_order_of_the_shuffle)
{
    const gradus_split_options *both[] = { &by_class, &by_group };
    int place[MOST];

    fill(labels, 3, (int[]){ 30, 20, 10 });
    fill(groups, 6, (int[]){ 10, 10, 10, 10, 10, 10 });
    split(0.5, 5, NULL);
    for (int r = 0; r < MOST / 2; r++) {
        place[(int)train.x[r]] = r;
        place[(int)valid.x[r]] = MOST / 2 + r;
    }
    for (int i = 0; i < 2; i++) {
        split(0.5, 5, both[i]);
        for (size_t r = 1; r < MOST / 2; r++) {
            ck_assert_int_lt(place[(int)train.x[r - 1]],
                             place[(int)train.x[r]]);
            ck_assert_int_lt(place[(int)valid.x[r - 1]],
                             place[(int)valid.x[r]]);
        }
    }
}

static void refused(double fraction, const gradus_split_options *o,
                    const char *text)
{
    ck_assert_msg(gradus_split(&d, fraction, 1, o, &train, &valid) != 0,
                  "the split succeeds; must fail with \"%s\"", text);
    assert_error(text);
    ck_assert_ptr_null(train.owned);
    ck_assert_ptr_null(valid.owned);
}

TEST(options_that_make_no_sense_are_refused)
{
    gradus_split_options both = { .stratified = true, .groups = groups };

    refused(0.5, &both, "gradus_split: stratified is set and groups is not "
            "NULL; must be one of them");
    d.positions = 2;
    refused(0.5, &by_class, "gradus_split: stratified is set, but positions "
            "is 2; must be 1");
    d.labels = NULL;
    refused(0.5, &by_class, "gradus_split: stratified is set, but labels is "
            "NULL; must be there");
    refused(0.5, &by_group, "gradus_split: all samples are of group 0; must "
            "be of at least 2 groups");
    refused(0.001, &by_group, "fraction 0.001 of 60 samples is 0");
}

TEST(classes_of_one_sample_leave_nothing_to_validate_with)
{
    for (int i = 0; i < MOST; i++)
        labels[i] = i;
    refused(0.5, &by_class, "gradus_split: fraction 0.5 of 60 samples, "
            "stratified, is 0; must leave at least 1 in each part");
}

/* Allocations: two of the order, and one of each part. */
TEST(each_allocation_of_a_split_with_options_may_fail)
{
    const gradus_split_options *both[] = { &by_class, &by_group };
    int live = allocations_live();

    fill(groups, 2, (int[]){ 30, 30 });
    for (int i = 0; i < 2; i++)
        for (int k = 1; k <= 4; k++) {
            allocations_fail(k, 0);
            int status = gradus_split(&d, 0.5, 1, both[i], &train, &valid);
            allocations_fail(0, 0);
            ck_assert_int_ne(status, 0);
            assert_error("out of memory");
            ck_assert_int_eq(allocations_live(), live);
            ck_assert_ptr_null(train.owned);
        }
}
