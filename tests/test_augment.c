/* test_augment.c -- random changes of training images. */
#include "layers/augment.h"
#include "probe.h"
#include "reload.h"
#include "tests.h"

#include <math.h>
#include <stdlib.h>

enum { H = 9, W = 7, A = H * W };

static gradus_real from[2 * A], to[2 * A]; /* images [2,H,W] */
static const gradus_real outside[] = { 0, -1 }; /* for each channel */

/* Changes the image v [2,h,w] into the image `changed`. */
static void change_image(gradus_augment_options a, uint64_t seed, int h, int w,
                         const gradus_real *v, gradus_real *changed)
{
    const int shape[] = { 2, h, w };
    gradus_real *scratch = calloc(gradus_augment_scratch(shape),
                                  sizeof *scratch);
    gradus_random r;

    ck_assert(scratch);
    gradus_random_init(&r, seed, 0, 0);
    gradus_augment_image(&a, &r, shape, v, outside, changed, scratch);
    free(scratch);
}

/* Changes the image `from` into the image `to`. */
static void change(gradus_augment_options a, uint64_t seed)
{
    change_image(a, seed, H, W, from, to);
}

static void begin(void)
{
    probe_fill(from, 2 * A, 1);
}

EACH_TEST(.begin = begin)

TEST(an_augmentation_without_options_changes_nothing)
{
    change((gradus_augment_options){ 0 }, 1);
    ck_assert_mem_eq(from, to, sizeof from);
}

TEST(a_flip_mirrors_about_half_of_the_images)
{
    int flips = 0;

    for (uint64_t seed = 0; seed < 64; seed++) {
        change((gradus_augment_options){ .flip = 1 }, seed);
        int flipped = to[0] != from[0];
        flips += flipped;
        for (int p = 0; p < 2 * A; p++)
            ck_assert(to[p] == from[flipped ? p / W * W + W - 1 - p % W : p]);
    }
    ck_assert_int_gt(flips, 16);
    ck_assert_int_lt(flips, 48);
}

/* Fills `from` with the ramp y + 10 x, so that each value of `to` says where
 * it comes from. */
static void ramp(void)
{
    for (int p = 0; p < A; p++)
        from[p] = from[A + p] = (gradus_real)(p / W + 10 * (p % W));
}

TEST(a_shift_moves_all_pixels_by_the_same_distance)
{
    ramp();
    change((gradus_augment_options){ .shift = 2 }, 3);
    double moved = to[4 * W + 3] - from[4 * W + 3];
    ck_assert_double_ne(moved, 0);
    ck_assert_double_lt(fabs(moved), 22);
    assert_near(to + 3 * W + 3, (double[]){ 33 + moved }, 1, 10 * rounding());
}

/* The centre stays where it is, and a step to the right in `to` is as long as
 * one in `from`. */
TEST(a_rotation_keeps_the_centre_and_all_lengths)
{
    ramp();
    change((gradus_augment_options){ .rotate = 30 }, 1);
    double centre = 4 + 10 * 3, right = to[4 * W + 4] - centre;
    double down = to[5 * W + 3] - centre;
    assert_near(to + 4 * W + 3, &centre, 1, 10 * rounding());
    /* right = 10 cos + sin of an angle, down = cos - 10 sin */
    ck_assert_double_eq_tol(right * right + down * down, 101, 1e-2);
    ck_assert_double_ge(right, 10 * cos(30 * 3.15 / 180) - 0.5);
}

TEST(a_scale_stretches_both_axes_alike)
{
    ramp();
    change((gradus_augment_options){ .scale = 0.2 }, 2);
    double right = to[4 * W + 4] - to[4 * W + 3];
    double down = to[5 * W + 3] - to[4 * W + 3];
    ck_assert_double_eq_tol(right, 10 * down, 1e-4);
    ck_assert_double_ne(down, 1);
    ck_assert_double_ge(down, 1 / 1.21);
    ck_assert_double_le(down, 1 / 0.79);
}

/* The displacements are small, as each is a mean of about 15 x 15 random
 * numbers, but they are not 0, and neighbours move alike. */
TEST(an_elastic_field_is_smooth)
{
    ramp();
    change((gradus_augment_options){ .elastic = 8, .sigma = 2 }, 5);
    double most = 0, step = 0;
    for (int i = 2; i < H - 2; i++)
        for (int j = 2; j < W - 3; j++) {
            double d = to[i * W + j] - from[i * W + j];
            double e = to[i * W + j + 1] - from[i * W + j + 1];
            most = fmax(most, fabs(d));
            step = fmax(step, fabs(d - e));
        }
    ck_assert_double_gt(most, 0.1);
    ck_assert_double_gt(step, 0);
    ck_assert_double_lt(step, most);
}

TEST(pixels_from_outside_the_image_have_the_outside_value)
{
    for (int i = 0; i < 2 * A; i++)
        from[i] = 5;
    change((gradus_augment_options){ .shift = 100 }, 1);
    for (int i = 0; i < A; i++) {
        ck_assert_double_eq(to[i], 0);
        ck_assert_double_eq(to[A + i], -1);
    }
}

enum { HIGH = 66, WIDE = 70, AREA = HIGH * WIDE };

static double pixel(const gradus_real *v, int c, int i, int j)
{
    return i < 0 || j < 0 || i >= HIGH || j >= WIDE
               ? outside[c] : v[c * AREA + i * WIDE + j];
}

/* Sets v [2,HIGH,WIDE] to the number of the line of each pixel, in channel 0,
 * and of its column, in channel 1: so a new image says where each pixel comes
 * from. */
static void number(gradus_real *v)
{
    for (int p = 0; p < AREA; p++) {
        v[p] = (gradus_real)(p / WIDE);
        v[AREA + p] = (gradus_real)(p % WIDE);
    }
}

/* All pixels have to move as far as the middle of a numbered image does. */
LOOP_TEST(each_value_is_interpolated_between_four_pixels, 4)
{
    const gradus_augment_options a = { .shift = 3 };
    static gradus_real v[2 * AREA], changed[2 * AREA];
    const int middle = AREA / 2 + WIDE / 2;

    number(v);
    change_image(a, (uint64_t)_i, HIGH, WIDE, v, changed);
    const double lines = changed[middle] - v[middle];
    const double columns = changed[AREA + middle] - v[AREA + middle];
    probe_fill(v, 2 * AREA, 1);
    change_image(a, (uint64_t)_i, HIGH, WIDE, v, changed);
    for (int p = 0; p < 2 * AREA; p++) {
        const int c = p / AREA, i = p % AREA / WIDE, j = p % WIDE;
        const int above = (int)floor(i + lines);
        const int left = (int)floor(j + columns);
        const double down = i + lines - above, right = j + columns - left;
        double expected =
            (1 - down) * ((1 - right) * pixel(v, c, above, left) +
                          right * pixel(v, c, above, left + 1)) +
            down * ((1 - right) * pixel(v, c, above + 1, left) +
                    right * pixel(v, c, above + 1, left + 1));
        assert_near(changed + p, &expected, 1, 10 * rounding());
    }
}

/* Along a line of more than 64 pixels, too, neighbours are displaced alike,
 * but not by the same distance. */
TEST(an_elastic_field_is_smooth_along_a_long_line)
{
    static gradus_real v[2 * AREA], changed[2 * AREA];
    const int line = HIGH / 2 * WIDE;

    number(v);
    change_image((gradus_augment_options){ .elastic = 8 }, 1, HIGH, WIDE, v,
                 changed);
    for (int c = 0; c < 2; c++)
        for (int j = 3; j < WIDE - 4; j++) {
            const int p = c * AREA + line + j;
            double d = (changed[p + 1] - v[p + 1]) - (changed[p] - v[p]);
            ck_assert_double_gt(fabs(d), 1e-6);
            ck_assert_double_lt(fabs(d), 0.4);
        }
}

/* The changes are the largest that are allowed. */
LOOP_TEST(extreme_changes_give_values_of_the_image_or_of_the_outside, 8)
{
    for (int i = 0; i < 2 * A; i++)
        from[i] = 5;
    change((gradus_augment_options){ .shift = _i % 2 ? 1e6 : 1,
                                     .rotate = 1e6,
                                     .scale = _i < 4 ? nextafter(1, 0) : 0.5,
                                     .elastic = 1e6, .flip = 1 },
           (uint64_t)_i);
    for (int c = 0; c < 2; c++)
        for (int i = 0; i < A; i++) {
            ck_assert_double_ge(to[c * A + i], outside[c] - 1e-6);
            ck_assert_double_le(to[c * A + i], 5 + 1e-6);
        }
}

/* ---- in a graph ------------------------------------------------------ */

static uint8_t pixels[40 * A]; /* [40,1,H,W] */

/* Makes and feeds a net with an augmented input *x, for 40 rows. */
static gradus_graph *graph(int threads, gradus_node **x)
{
    gradus_graph *g = gradus_graph_new(1);

    for (int i = 0; i < 40 * A; i++)
        pixels[i] = (uint8_t)(i * 7);
    *x = gradus_image(g, 1, H, W);
    ck_assert_int_eq(gradus_augment(*x, &(gradus_augment_options){
        .shift = 1, .rotate = 9, .scale = .1, .elastic = 5, .flip = 1 }), 0);
    gradus_node *t = gradus_labels(g, 1);
    gradus_softmax_ce(gradus_dense(*x, 3), t, NULL);
    ck_assert_int_eq(gradus_compile(g, 40, threads), 0);
    static const int32_t label[40] = { 0, 1, 2 };
    gradus_feed_u8(*x, pixels, 40);
    gradus_feed_labels(t, label, 40);
    return g;
}

TEST(augmentation_depends_on_the_pass_but_not_on_threads_or_order)
{
    gradus_node *x, *y;
    gradus_graph *g = graph(1, &x), *h = graph(3, &y);
    const int index[] = { 7, 3, 5 };

    ck_assert_int_eq(gradus_forward(g, NULL, 40), 0);
    ck_assert_int_eq(gradus_forward(h, NULL, 40), 0);
    ck_assert_mem_eq(x->y, y->y, 40 * A * sizeof *x->y);
    ck_assert_int_eq(gradus_forward(h, index, 3), 0);
    ck_assert_mem_eq(x->y + 3 * A, y->y + A, A * sizeof *x->y);
    ck_assert_int_eq(gradus_backward(h) || gradus_forward(h, NULL, 40), 0);
    ck_assert_mem_ne(x->y, y->y, A * sizeof *x->y);
    gradus_graph_free(g);
    gradus_graph_free(h);
}

TEST(evaluation_does_not_augment)
{
    gradus_node *x;
    gradus_graph *g = graph(1, &x);
    gradus_metrics m = { 0 };

    ck_assert_int_eq(gradus_evaluate(g, NULL, NULL, &m), 0);
    for (int i = 0; i < 40 * A; i++)
        ck_assert_double_eq_tol(x->y[i], pixels[i] / 255.0, 1e-6);
    gradus_graph_free(g);
}

LOOP_TEST(impossible_augment_options_are_refused, 6)
{
    const gradus_augment_options bad[] = {
        { .shift = -1 }, { .rotate = NAN }, { .scale = 1 }, { .sigma = 65 },
        { .sigma = 1e-9 }, { .elastic = INFINITY } };
    static const char *const says[] = {
        "input: shift is -1; must be 0 to 1000000",
        "rotate is nan; must be 0 to 1000000",
        "scale is 1; must be at least 0 and below 1",
        "sigma is 65; must be 0 (which means 4) or 0.1 to 64",
        "sigma is 1e-09; must be 0 (which means 4) or 0.1 to 64",
        "elastic is inf; must be 0 to 1000000" };
    gradus_graph *g = gradus_graph_new(1);

    ck_assert_int_ne(gradus_augment(gradus_image(g, 1, 2, 2), &bad[_i]), 0);
    assert_error(says[_i]);
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    gradus_graph_free(g);
}

TEST(only_images_of_a_possible_size_are_augmented)
{
    gradus_graph *g = gradus_graph_new(1);

    ck_assert_int_ne(gradus_augment(NULL, &(gradus_augment_options){ 0 }), 0);
    ck_assert_int_ne(gradus_augment(gradus_input(g, 4),
                                    &(gradus_augment_options){ 0 }), 0);
    assert_error("must be an image");
    ck_assert_int_eq(gradus_augment(gradus_image(g, 1, 23168, 23168),
                                    &(gradus_augment_options){ 0 }), 0);
    ck_assert_int_ne(gradus_augment(gradus_image(g, 1, 23168, 23169),
                                    &(gradus_augment_options){ 0 }), 0);
    assert_error("the image [1,23168,23169] is too large to be augmented");
    gradus_graph_free(g);
}

/* ---- in a model file -------------------------------------------------- */

/* Makes an image whose settings are set in one of several orders. */
static gradus_graph *saved_graph(int order)
{
    const double mean[] = { 0.5 }, std[] = { 2 };
    const gradus_augment_options none = { 0 }, some = {
        .shift = 1.5, .rotate = 9, .scale = .1, .elastic = 5, .sigma = 3,
        .flip = 1 };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_image(g, 1, H, W);

    if (order == 3)
        gradus_augment(x, &none);
    if (order == 1)
        gradus_normalise(x, mean, std);
    gradus_augment(x, &some);
    if (order >= 2)
        gradus_normalise(x, mean, std);
    if (order == 3)
        gradus_normalise(x, mean, std);
    gradus_softmax_ce(gradus_dense(x, 3), gradus_labels(g, 1), NULL);
    ck_assert_msg(gradus_compile(g, 40, 1) == 0, "%s", gradus_error());
    return g;
}

/* Feeds g, and trains it for some steps. */
static uint64_t hash_after_training(gradus_graph *g)
{
    static const int32_t label[40] = { 0, 1, 2 };
    gradus_optimiser *o = gradus_sgd(g, NULL);

    for (int i = 0; i < 40 * A; i++)
        pixels[i] = (uint8_t)(i * 7);
    gradus_feed_u8(gradus_node_at(g, 0), pixels, 40);
    gradus_feed_labels(gradus_find_node(g, "labels"), label, 40);
    for (int i = 0; i < 3; i++)
        ck_assert_msg(gradus_train_step(o, NULL, 40) == 0, "%s",
                      gradus_error());
    gradus_optimiser_free(o);
    return gradus_parameters_hash(g);
}

LOOP_TEST(a_loaded_graph_trains_on_with_its_augmentation, 4)
{
    gradus_graph *g = saved_graph(_i), *h = reload(g);

    ck_assert_uint_eq(hash_after_training(g), hash_after_training(h));
    gradus_graph_free(g);
    gradus_graph_free(h);
    g = saved_graph(_i);
    h = graph(1, &(gradus_node *){ NULL }); /* other changes */
    ck_assert_uint_ne(hash_after_training(g), hash_after_training(h));
    gradus_graph_free(g);
    gradus_graph_free(h);
}

LOOP_TEST(a_model_file_with_a_wrong_augmentation_is_refused, 6)
{
    static const char right[] = "augment\\\":[1.5,9,0.1,5,3,1]";
    static const char *const cases[][2] = {
        { "augment\\\":[1.5,9,0.1,5,3]  ", "has 5 options of augmentation" },
        { "augment\\\":[-15,9,0.1,5,3,1]", "shift is -15; must be 0 to 1000000" },
        { "augment\\\":[1.5,9,1.1,5,3,1]", "scale is 1.1; must be at least 0" },
        { "augment\\\":[1.5,9,0.1,5,3,2]", "not what its op makes of it" },
        { "augmenu\\\":[1.5,9,0.1,5,3,1]", "not what its op makes of it" },
        { "augment\\\":[1.5,9,0.1,5,99] ", "has 5 options" },
    };

    gradus_graph *g = saved_graph(_i % 3);

    refuse_reload(g, right, cases[_i][0], cases[_i][1]);
    gradus_graph_free(g);
}
