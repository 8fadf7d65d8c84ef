/* test_feed.c -- what the data of a dataset mean is compared with the graph:
 * the shape of its images, and the names of its classes. */
#include "tests.h"

#include "nets.h"

/* Asserts that a call has succeeded, or failed with this message. */
static void assert_says(int status, const char *why)
{
    if (why) {
        ck_assert_msg(status != 0, "the call succeeds; must fail with \"%s\"",
                      why);
        assert_error(why);
    } else {
        ck_assert_msg(status == 0, "%s", gradus_error());
    }
}

/* ---- the shape of images ------------------------------------------------ */

enum { SIZE = 12, N = 3 };

static const gradus_real X[N * SIZE] = { 1, 2, 3 };
static const uint8_t PIXELS[N * SIZE] = { 1, 2, 3 };
static const int32_t LABELS[N] = { 0, 1, 1 };

/* A graph whose input has this shape, or just that size if channels is 0. */
static gradus_graph *graph(int channels, int height, int width)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = channels ? gradus_image(g, channels, height, width)
                              : gradus_input(g, SIZE);

    gradus_softmax_ce(gradus_dense(x, 2), gradus_labels(g, 1), NULL);
    ck_assert_msg(gradus_compile(g, N, 1) == 0, "%s", gradus_error());
    return g;
}

static const struct {
    int net[3], data[3]; /* channels, height, width */
    const char *why;     /* NULL: the data are taken */
} shapes[] = {
    { { 1, 3, 4 }, { 1, 3, 4 }, NULL },
    { { 1, 3, 4 }, { 1, 4, 3 }, "node 0, input: takes images [1,3,4], but the "
                                "dataset has [1,4,3]; these are channels, "
                                "height and width" },
    { { 3, 2, 2 }, { 3, 2, 2 }, NULL },
    { { 3, 2, 2 }, { 2, 2, 3 }, "takes images [3,2,2], but the dataset has "
                                "[2,2,3]" },
    { { 3, 2, 2 }, { 1, 3, 4 }, "takes images [3,2,2], but the dataset has "
                                "[1,3,4]" },
    { { 1, 12, 1 }, { 1, 1, 12 }, "takes images [1,12,1], but the dataset has "
                                  "[1,1,12]" },
    { { 1, 3, 4 }, { 0, 0, 0 }, NULL }, /* the data's is not known */
    { { 1, 3, 4 }, { 0, 3, 4 }, NULL },
    { { 1, 3, 4 }, { 0, 4, 3 }, "takes images [1,3,4], but the dataset has "
                                "[0,4,3]" },
    { { 0 }, { 3, 2, 2 }, NULL }, /* the net's is not known */
    { { 1, 3, 4 }, { -1, 3, 4 }, "but the dataset has [-1,3,4]" },
};

LOOP_TEST(images_of_another_shape_are_refused, COUNT(shapes))
{
    const int *takes = shapes[_i].net, *data = shapes[_i].data;
    gradus_graph *g = graph(takes[0], takes[1], takes[2]);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    gradus_dataset d = { .n = N, .size = SIZE, .channels = data[0],
                         .height = data[1], .width = data[2], .x = X,
                         .labels = LABELS };
    gradus_dataset u8 = d, plain = { .n = N, .size = SIZE, .x = X,
                                     .labels = LABELS };
    gradus_metrics m = { 0 };

    u8.x = NULL;
    u8.pixels = PIXELS;
    assert_says(gradus_fit(o, &d, NULL), shapes[_i].why);
    assert_says(gradus_fit(o, &u8, NULL), shapes[_i].why);
    assert_says(gradus_fit(o, &plain, &(gradus_fit_options){
                                          .validation = &d }),
                shapes[_i].why);
    assert_says(gradus_evaluate(g, &d, NULL, &m), shapes[_i].why);
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

TEST(targets_that_are_images_are_compared_by_their_size)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_image(g, 1, 3, 4), *t = gradus_image(g, 1, 4, 3);
    gradus_dataset d = { .n = N, .size = SIZE, .channels = 1, .height = 3,
                         .width = 4, .x = X, .targets = X,
                         .target_size = SIZE };
    gradus_metrics m = { 0 };

    gradus_mse(gradus_dense(x, SIZE), t, NULL);
    ck_assert_int_eq(gradus_compile(g, N, 1), 0);
    assert_says(gradus_evaluate(g, &d, NULL, &m), NULL);
    gradus_graph_free(g);
}

/* ---- the names of classes ----------------------------------------------- */

enum { K = 3 };

static gradus_graph *g;
static gradus_optimiser *o;

static void begin(void)
{
    g = gradus_graph_new(1);
    gradus_softmax_ce(gradus_dense(gradus_input(g, SIZE), K),
                      gradus_labels(g, 1), NULL);
    ck_assert_int_eq(gradus_compile(g, N, 1), 0);
    o = gradus_sgd(g, NULL);
}

static void end(void)
{
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

EACH_TEST(.begin = begin, .end = end)

/* A dataset whose classes have these names, which end with NULL. */
static gradus_dataset named(const char *const *names)
{
    gradus_dataset d = { .n = N, .size = SIZE, .x = X, .labels = LABELS };

    while (names && names[d.classes])
        d.classes++;
    d.class_names = d.classes ? names : NULL;
    return d;
}

/* The names of g's classes in a row, as "a b c". */
static const char *names_of_graph(void)
{
    static char text[64];

    *text = 0;
    for (int k = 0; k < gradus_class_count(g); k++)
        strcat(strcat(text, k ? " " : ""), gradus_class_name(g, k));
    return text;
}

/* Scores, or validates, what `first` was trained on with `then`. */
static const struct {
    const char *first[6], *then[6];
    const char *names; /* that the graph has afterwards */
    const char *why;   /* NULL: nothing is refused */
} classes[] = {
    { { "a", "b", "c" }, { "a", "b", "c" }, "a b c", NULL },
    { { "a", "b", "c" }, { "b" }, "a b c", "dataset: class 0 is \"b\" here, "
      "\"a\" in the graph; load the data with the graph's names as "
      "class_names, or change those of the graph" },
    { { "a", "b", "c" }, { "a", "c" }, "a b c", "class 1 is \"c\" here, \"b\" "
                                                "in the graph" },
    { { "a", "b", "c" }, { "a", "b", "d", "c" }, "a b c",
      "class 2 is \"d\" here, \"c\" in the graph" },
    { { "a", "b", "c" }, { "A", "b", "c" }, "a b c", "class 0 is \"A\" here" },
    { { "a", "b", "c" }, { "", "b", "c" }, "a b c", "class 0 is \"\" here" },
    { { "a", "b", "c" }, { "a", "b" }, "a b c", NULL }, /* no c among them */
    { { "a", "b", "c" }, { "a", "b", "c", "d" }, "a b c", NULL },
    { { "a", "b", "c" }, { NULL }, "a b c", NULL }, /* no names */
    { { NULL }, { "b", "a", "c" }, "", NULL },
    { { "a", "b" }, { "b", "a" }, "", NULL }, /* not enough for the graph */
    { { "a", "b", "c", "ignored" }, { "b" }, "a b c", "class 0 is \"b\"" },
};

LOOP_TEST(classes_of_other_names_are_refused, COUNT(classes))
{
    gradus_dataset first = named(classes[_i].first);
    gradus_dataset then = named(classes[_i].then);
    gradus_metrics m = { 0 };

    assert_says(gradus_fit(o, &first, NULL), NULL);
    ck_assert_str_eq(names_of_graph(), classes[_i].names);
    uint64_t hash = gradus_parameters_hash(g);
    assert_says(gradus_evaluate(g, &then, NULL, &m), classes[_i].why);
    assert_says(gradus_fit(o, &first, &(gradus_fit_options){
                                          .validation = &then }),
                classes[_i].why);
    ck_assert_int_eq(gradus_parameters_hash(g) == hash, classes[_i].why != 0);
    if (gradus_class_count(g)) /* else it would get them now */
        assert_says(gradus_fit(o, &then, NULL), classes[_i].why);
    ck_assert_str_eq(names_of_graph(), classes[_i].names);
}

TEST(names_that_were_set_by_hand_are_compared)
{
    const char *const abc[] = { "a", "b", "c", NULL };
    const char *const cba[] = { "c", "b", "a", NULL };
    gradus_dataset d = named(abc);

    gradus_set_class_names(g, 3, cba);
    assert_says(gradus_fit(o, &d, NULL),
                "class 0 is \"a\" here, \"c\" in the graph");
    ck_assert_str_eq(names_of_graph(), "c b a");
    gradus_set_class_names(g, 3, abc);
    assert_says(gradus_fit(o, &d, NULL), NULL);
}

TEST(a_fit_that_takes_no_step_gives_no_names)
{
    const char *const abc[] = { "a", "b", "c", NULL };
    const char *const bad[] = { "a", "\xff", "c", NULL };
    const char *const hole[] = { "a", NULL, "c", NULL };
    const char *const acb[] = { "a", "c", "b", NULL };
    const int32_t no_label[N] = { 0, 3, 0 };
    gradus_dataset d = named(abc), valid = named(acb);

    assert_says(gradus_fit(o, &d, &(gradus_fit_options){
                                      .validation = &valid }),
                "validation data: dataset: class 1 is \"c\" here, \"b\"");
    ck_assert_str_eq(names_of_graph(), "");
    d.labels = no_label;
    assert_says(gradus_fit(o, &d, NULL), "the label is 3");
    ck_assert_str_eq(names_of_graph(), "");
    d = named(bad);
    assert_says(gradus_fit(o, &d, NULL), "class 1: the name is not UTF-8");
    d = named(hole);
    d.classes = 3;
    assert_says(gradus_fit(o, &d, NULL), "class 1: the name is NULL");
    ck_assert_str_eq(names_of_graph(), "");
    d = named(acb);
    assert_says(gradus_fit(o, &d, NULL), NULL);
    ck_assert_str_eq(names_of_graph(), "a c b");
    d = named(hole); /* its class 1 is not compared */
    d.classes = 3;
    assert_says(gradus_fit(o, &d, NULL), "class 2 is \"c\" here, \"b\"");
}

TEST(names_are_not_read_where_labels_are_not)
{
    const char *const abc[] = { "a", "b", "c", NULL };
    gradus_graph *h = gradus_graph_new(1);
    gradus_node *x = gradus_input(h, SIZE);
    gradus_dataset d = named(abc);
    gradus_metrics m = { 0 };

    gradus_mse(gradus_dense(x, SIZE), x, NULL);
    gradus_set_class_names(h, 2, (const char *const[]){ "x", "y" });
    ck_assert_int_eq(gradus_compile(h, N, 1), 0);
    assert_says(gradus_evaluate(h, &d, NULL, &m), NULL);
    gradus_optimiser *sgd = gradus_sgd(h, NULL);
    assert_says(gradus_fit(sgd, &d, NULL), NULL);
    ck_assert_int_eq(gradus_class_count(h), 2);
    gradus_optimiser_free(sgd);
    gradus_graph_free(h);
}
