/* test_fit_next.c -- batches that a callback feeds as they are needed. */
#include "tests.h"

#include "nets.h"

enum { IN = 12, CLASSES = 4, SAMPLES = 150, BATCH = 32 };

static net n;
static gradus_dataset d;
static gradus_optimiser *o;

static void begin(void)
{
    n = net_new(1, (int[]){ IN, 90, CLASSES }, BATCH, 2);
    d = data_new(1, SAMPLES, IN, CLASSES);
    o = gradus_sgd(n.g, &(gradus_sgd_options){ .learning_rate = 0.1,
                                               .momentum = 0.9 });
}

static void end(void)
{
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
}

EACH_TEST(.begin = begin, .end = end, .timeout = 60)

/* Where `next` stands.  It feeds the rows of d in their order, `size` at a
 * time.  For batch number `fail_at` of an epoch it returns `wrong` instead. */
typedef struct {
    int size, fail_at, wrong;
    int calls;
} source;

static int next(const gradus_progress *p, void *user)
{
    source *s = user;
    size_t from = p->so_far.samples, left = SAMPLES - from;
    int rows = left < (size_t)s->size ? (int)left : s->size;

    s->calls++;
    ck_assert_int_eq(p->batches, 0);
    ck_assert_uint_eq(from, (size_t)p->batch * (size_t)s->size < SAMPLES
                                ? (size_t)p->batch * (size_t)s->size
                                : SAMPLES);
    if (s->fail_at == p->batch + 1)
        return s->wrong;
    if (rows && (gradus_feed(n.x, d.x + from * IN, (size_t)rows) ||
                 gradus_feed_labels(n.t, d.labels + from, (size_t)rows)))
        return -1;
    return rows;
}

static int fit(source *s, gradus_fit_options options)
{
    options.next = next;
    options.user = s;
    return gradus_fit(o, NULL, &options);
}

TEST(batches_fed_by_next_train_as_the_same_dataset_does)
{
    net other = net_new(1, (int[]){ IN, 90, CLASSES }, BATCH, 1);
    gradus_optimiser *sgd = gradus_sgd(
        other.g, &(gradus_sgd_options){ .learning_rate = 0.1,
                                        .momentum = 0.9 });
    gradus_epoch one[3], all[3];
    source s = { .size = 20 };

    ck_assert_int_eq(fit(&s, (gradus_fit_options){
                                 .epochs = 3, .validation = &d,
                                 .history = one }), 0);
    ck_assert_int_eq(s.calls, 3 * (8 + 1));
    ck_assert_int_eq(
        gradus_fit(sgd, &d, &(gradus_fit_options){
                                .epochs = 3, .batch = 20, .keep_order = 1,
                                .validation = &d, .history = all }), 0);
    ck_assert_uint_eq(gradus_parameters_hash(n.g),
                      gradus_parameters_hash(other.g));
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(one[i].samples, SAMPLES);
        ck_assert_double_eq(one[i].train_loss, all[i].train_loss);
        ck_assert_double_eq(one[i].valid_loss, all[i].valid_loss);
    }
    /* These epochs count: the order of the next one is the same. */
    ck_assert_int_eq(gradus_fit(o, &d, NULL) || gradus_fit(sgd, &d, NULL), 0);
    ck_assert_uint_eq(gradus_parameters_hash(n.g),
                      gradus_parameters_hash(other.g));
    gradus_optimiser_free(sgd);
    net_free(&other);
}

static int stop(const gradus_progress *p, void *user)
{
    (void)user;
    return p->batch == 2;
}

TEST(the_callback_can_stop_a_fit_that_next_feeds)
{
    gradus_epoch history[2];
    source s = { .size = 20 };

    ck_assert_int_eq(fit(&s, (gradus_fit_options){
                                 .epochs = 2, .callback = stop,
                                 .history = history }), 0);
    ck_assert_int_eq(s.calls, 2);
    ck_assert_uint_eq(history[0].samples, 40);
    ck_assert_uint_eq(history[1].samples, 0);
}

TEST(a_wrong_return_value_of_next_is_an_error)
{
    static const int wrong[] = { -1, 0, BATCH + 1, 21 };
    static const char *const message[] = {
        "epoch 1, batch 1: next returned -1; must be 1 to 32 rows",
        "epoch 1, batch 1: next returned 0;",
        "epoch 1, batch 1: next returned 33;",
        "epoch 1, batch 2: node 0, input",
    };
    uint64_t before = gradus_parameters_hash(n.g);

    for (int i = 0; i < 4; i++) {
        source s = { .size = 20, .fail_at = 1 + (i == 3), .wrong = wrong[i] };
        ck_assert_msg(fit(&s, (gradus_fit_options){ 0 }) != 0,
                      "fit succeeds; must fail with \"%s\"", message[i]);
        assert_error(message[i]);
        ck_assert(i == 3 || gradus_parameters_hash(n.g) == before);
    }
}

static int feed_nothing(const gradus_progress *p, void *user)
{
    (void)p;
    (void)user;
    return gradus_feed(n.x, NULL, 1);
}

TEST(an_error_within_next_is_in_the_message)
{
    ck_assert_int_ne(gradus_fit(o, NULL, &(gradus_fit_options){
                                             .next = feed_nothing }), 0);
    assert_error("next returned -1; must be 1 to 32 rows, or 0 after the last "
                 "batch of an epoch; the last error was: gradus_feed: the "
                 "data is NULL");
}

TEST(data_and_next_together_are_refused)
{
    gradus_fit_options options = { .next = next };

    ck_assert_int_ne(gradus_fit(o, &d, &options), 0);
    assert_error("data and next are both given");
}
