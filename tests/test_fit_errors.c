/* test_fit_errors.c -- what fit refuses, before it changes anything. */
#include "tests.h"

#include "nets.h"

#include <math.h>

enum { IN = 12, CLASSES = 4, SAMPLES = 150, BATCH = 32 };

static net n;
static gradus_dataset d;
static gradus_optimiser *o;

static void begin(void)
{
    n = net_new(1, (int[]){ IN, 90, CLASSES }, BATCH, 2);
    d = data_new(1, SAMPLES, IN, CLASSES);
    o = gradus_sgd(n.g, NULL);
}

static void end(void)
{
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
}

EACH_TEST(.begin = begin, .end = end, .timeout = 60)

/* Asserts that fit refuses, that its message contains `text`, and that it
 * changes nothing. */
static void refused(const gradus_dataset *data, gradus_fit_options options,
                    const char *text)
{
    uint64_t before = gradus_parameters_hash(n.g);

    ck_assert_msg(gradus_fit(o, data, &options) != 0,
                  "fit succeeds; must fail with \"%s\"", text);
    assert_error(text);
    ck_assert_uint_eq(gradus_parameters_hash(n.g), before);
}

TEST(a_bad_label_anywhere_is_an_error_before_the_first_step)
{
    static const int where[] = { 0, 75, SAMPLES - 1 };
    int32_t *labels = (int32_t *)d.labels;

    for (int i = 0; i < 3; i++) {
        int32_t good = labels[where[i]];
        labels[where[i]] = -1;
        refused(&d, (gradus_fit_options){ 0 },
                "the label is -1; must be 0 to 3");
        labels[where[i]] = good;
    }
    labels[SAMPLES - 1] = CLASSES;
    refused(&d, (gradus_fit_options){ 0 },
            "sample 149, position 0: the label is 4");
}

TEST(a_bad_label_of_the_validation_data_is_an_error_before_the_first_step)
{
    gradus_dataset v = data_new(2, 200, IN, CLASSES);

    ((int32_t *)v.labels)[199] = 17;
    refused(&d, (gradus_fit_options){ .validation = &v },
            "validation data: node 5, softmax_ce1: sample 199");
    v.size = IN - 1;
    refused(&d, (gradus_fit_options){ .validation = &v },
            "validation data: node 0, input: takes 12 values");
    data_free(&v);
}

TEST(a_nan_in_the_data_names_epoch_batch_and_sample)
{
    ((gradus_real *)d.x)[70 * IN] = (gradus_real)NAN;
    ck_assert_int_ne(
        gradus_fit(o, &d, &(gradus_fit_options){ .keep_order = 1 }), 0);
    assert_error("epoch 1, batch 3: the loss is");
    assert_error("sample 70");
}

TEST(data_that_does_not_match_the_graph_is_refused)
{
    uint8_t pixels[IN] = { 0 };
    gradus_dataset bad = d;

    bad.size = IN + 1;
    refused(&bad, (gradus_fit_options){ 0 }, "takes 12 values a sample");
    bad = d, bad.pixels = pixels;
    refused(&bad, (gradus_fit_options){ 0 }, "either x or pixels");
    bad = d, bad.x = NULL;
    refused(&bad, (gradus_fit_options){ 0 }, "either x or pixels");
    bad = d, bad.labels = NULL;
    refused(&bad, (gradus_fit_options){ 0 }, "no labels");
    bad = d, bad.positions = 2;
    refused(&bad, (gradus_fit_options){ 0 }, "takes 1 labels a sample, but");
    bad = d, bad.n = 0;
    refused(&bad, (gradus_fit_options){ 0 }, "0 rows");
    bad = d, bad.n = (size_t)1 << 31;
    refused(&bad, (gradus_fit_options){ 0 }, "2147483648 rows");
}

TEST(impossible_fit_options_are_refused)
{
    refused(&d, (gradus_fit_options){ .epochs = -1 },
            "gradus_fit: epochs is -1; must be at least 1");
    refused(&d, (gradus_fit_options){ .batch = -1 },
            "gradus_fit: batch is -1; must be 1 to 32");
    refused(&d, (gradus_fit_options){ .batch = BATCH + 1 },
            "gradus_fit: batch is 33; must be 1 to 32");
    refused(NULL, (gradus_fit_options){ 0 }, "none was fed");
    gradus_feed_labels(n.t, d.labels, 9);
    refused(NULL, (gradus_fit_options){ 0 },
            "labels: was fed 9 rows, but input was fed 0");
    gradus_feed(n.x, d.x, 10);
    refused(NULL, (gradus_fit_options){ 0 },
            "labels: was fed 9 rows, but input was fed 10");
}
