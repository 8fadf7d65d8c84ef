/* test_feed.c -- what the data of a dataset mean is compared with the graph:
 * the shape of its images. */
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
