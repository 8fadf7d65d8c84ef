/* test_conv_ways.c -- tests that every way to convolve gives what conv_plain.c
 * and then a ReLU and maxima give, in each of its versions that this processor
 * can run. */
#include "kernels/conv.h"
#include "probe.h"
#include "tests.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

static const gradus_conv_way *const ways[] = {
    &gradus_conv_gemm, &gradus_conv_vectors, &gradus_conv_max2,
    &gradus_conv_nonzero, &gradus_conv_direct, &gradus_conv_winograd,
    &gradus_conv_either,
};
enum { WAYS = sizeof ways / sizeof *ways };

static const struct {
    int in, height, width, out, kernel, stride, padding, groups;
} shapes[] = {
    { 1, 1, 1, 1, 1, 1, 0, 1 },   { 2, 1, 1, 3, 3, 1, 1, 1 },
    { 1, 2, 2, 3, 2, 1, 0, 1 },   { 3, 4, 4, 2, 1, 1, 0, 2 },
    { 2, 4, 5, 2, 1, 2, 0, 1 },   { 4, 5, 3, 5, 1, 3, 0, 1 },
    { 1, 5, 4, 2, 3, 1, 0, 3 },   { 2, 5, 6, 4, 3, 1, 1, 1 },
    { 2, 5, 5, 3, 3, 1, 2, 2 },   { 2, 7, 5, 3, 3, 2, 1, 3 },
    { 2, 8, 8, 4, 5, 3, 4, 1 },   { 1, 3, 3, 2, 3, INT_MAX, 2, 1 },
    { 3, 6, 7, 7, 2, 1, 1, 2 },   { 2, 9, 7, 3, 2, 2, 0, 1 },
    { 3, 9, 40, 5, 4, 1, 1, 1 },  { 3, 12, 20, 6, 4, 1, 0, 1 },
    { 2, 10, 12, 13, 5, 1, 2, 1 }, { 1, 4, 30, 2, 5, 1, 2, 2 },
    { 2, 3, 35, 2, 3, 1, 1, 1 },  { 1, 45, 25, 1, 3, 1, 0, 1 },
    { 1, 45, 27, 2, 3, 1, 1, 1 }, { 2, 6, 6, 11, 3, 1, 1, 1 },
    { 11, 5, 6, 2, 3, 1, 1, 1 },  { 9, 6, 6, 16, 3, 1, 0, 1 },
    { 2, 18, 35, 3, 7, 1, 3, 1 }, { 1, 9, 8, 1, 3, 1, 0, 5 },
    { 17, 4, 5, 4, 3, 1, 1, 1 },  { 1, 6, 6, 1, 6, 1, 5, 1 },
    { 2, 5, 5, 9, 5, 1, 2, 1 },   { 3, 7, 8, 11, 2, 1, 0, 1 },
    { 8, 4, 4, 8, 3, 1, 1, 1 },   { 9, 7, 6, 17, 3, 1, 1, 1 },
    { 20, 9, 9, 8, 3, 1, 2, 1 },  { 8, 8, 7, 24, 5, 1, 2, 1 },
    { 16, 5, 9, 10, 4, 1, 0, 1 }, { 8, 11, 6, 12, 2, 1, 1, 2 },
    { 33, 6, 5, 24, 3, 1, 0, 1 }, { 8, 21, 24, 8, 3, 1, 1, 1 },
    { 8, 9, 9, 24, 3, 2, 1, 2 },  { 8, 19, 18, 9, 3, 8, 2, 1 },
    { 8, 5, 6, 8, 5, 1, 4, 1 },   { 9, 9, 10, 8, 7, 3, 3, 1 },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Each shape is tried with every combination of these bits. */
enum {
    RELU = 1, MAX2 = 2,
    NO_BIAS = 4, /* and dx is to be set, not added to */
    SPARSE = 8,  /* only every tenth number of dz is not 0, in every second
                    sample */
    NO_DX = 16,  /* dx is not wanted */
    WHOLE = 32,  /* all numbers are -1, 0 or 1, so that sums are exact and many
                    values are equal */
    SETTINGS = 64
};

/* There are several samples, since what a way leaves in its scratch memory
 * must not matter to the next one.  MOST: the most numbers in an array. */
enum { SAMPLES = 2, MOST = 8192 };

static gradus_real x[MOST], W[MOST], b[MOST], dz[MOST];

typedef struct {
    gradus_real z[MOST], dW[MOST], db[MOST], dx[MOST];
    uint8_t argmax[MOST];
} results;

/* How many groups of channels all samples have together, which is how often
 * forward and backward are called. */
static size_t arrays(const gradus_conv *c)
{
    return SAMPLES * (size_t)c->groups;
}

/* How many weights, and how many biases, all groups have together. */
static size_t weights(const gradus_conv *c)
{
    return (size_t)c->groups * gradus_conv_weights(c);
}

static size_t biases(const gradus_conv *c)
{
    return (size_t)(c->groups * c->out);
}

/* Fills v [n] with random numbers; if `whole` is non-zero, with -1, 0 and
 * 1. */
static void make_numbers(gradus_real *v, size_t n, int whole, uint64_t seed)
{
    probe_fill(v, n, seed);
    if (whole)
        for (size_t i = 0; i < n; i++)
            v[i] = (gradus_real)((v[i] > 1. / 3) - (v[i] < -1. / 3));
}

static gradus_conv conv_of(int shape, int setting)
{
    const int border = 2 * shapes[shape].padding;
    const int64_t stride = shapes[shape].stride, k = shapes[shape].kernel;
    gradus_conv c = { .in = shapes[shape].in, .height = shapes[shape].height,
                      .width = shapes[shape].width, .out = shapes[shape].out,
                      .kernel = (int)k, .stride = (int)stride,
                      .padding = shapes[shape].padding,
                      .groups = shapes[shape].groups, .samples = 64,
                      .relu = (setting & RELU) != 0,
                      .max2 = (setting & MAX2) != 0, .W = W,
                      .b = setting & NO_BIAS ? NULL : b };

    c.out_height = (int)((c.height + border - k) / stride) + 1;
    c.out_width = (int)((c.width + border - k) / stride) + 1;
    ck_assert_uint_le(arrays(&c) * gradus_conv_x_size(&c), MOST);
    ck_assert_uint_le(arrays(&c) * gradus_conv_z_size(&c), MOST);
    ck_assert_uint_le(weights(&c), MOST);
    return c;
}

/* The arrays of call i of forward or backward; r holds its results. */
static gradus_conv_sample sample(const gradus_conv *c, int setting, results *r,
                                 size_t i)
{
    const int group = (int)i % c->groups;
    const size_t x_at = i * gradus_conv_x_size(c);
    const size_t z_at = i * gradus_conv_z_size(c);

    return (gradus_conv_sample){
        .group = group, .x = x + x_at, .z = r->z + z_at, .dz = dz + z_at,
        .argmax = c->max2 ? r->argmax + z_at : NULL,
        .dW = r->dW + group * gradus_conv_weights(c),
        .db = c->b ? r->db + group * c->out : NULL,
        .dx = setting & NO_DX ? NULL : r->dx + x_at,
        .set_dx = (setting & NO_BIAS) != 0 };
}

/* ---- what is right ---------------------------------------------------- */

/* y [out,out_height,out_width] of one group of one sample has at most this
 * many numbers. */
enum { MOST_Y = 2 * MOST };

static size_t y_size(const gradus_conv *c)
{
    const size_t n = (size_t)(c->out * c->out_height * c->out_width);

    ck_assert_uint_le(n, MOST_Y);
    return n;
}

/* Returns the index in y of number `which` (0 to 3, line by line) of the 2 x 2
 * numbers whose maximum is z[o,i,j]; without maxima, of z[o,i,j] itself. */
static int in_y(const gradus_conv *c, int o, int i, int j, int which)
{
    const int side = c->max2 ? 2 : 1;

    return (o * c->out_height + side * i + which / 2) * c->out_width +
           side * j + which % 2;
}

/* Computes y by conv_plain.c, then the maxima of 2 x 2 squares, if they are
 * wanted, and then the ReLU. */
static void right_forward(const gradus_conv *c, const gradus_conv_sample *s,
                          gradus_real *scratch)
{
    static gradus_real y[MOST_Y];
    const int h = gradus_conv_height(c), w = gradus_conv_width(c);
    gradus_conv_sample plain = *s;

    ck_assert_uint_gt(y_size(c), 0);
    plain.z = y;
    gradus_conv_plain.forward(c, &plain, scratch);
    for (int at = 0; at < c->out * h * w; at++) {
        const int o = at / (h * w), i = at / w % h, j = at % w;
        int which = 0;
        for (int k = 1; c->max2 && k < 4; k++)
            if (y[in_y(c, o, i, j, k)] > y[in_y(c, o, i, j, which)])
                which = k;
        gradus_real max = y[in_y(c, o, i, j, which)];
        s->z[at] = c->relu && max < 0 ? 0 : max;
        if (s->argmax)
            s->argmax[at] = c->relu && !(max > 0) ? 4 : (uint8_t)which;
    }
}

/* Passes each dz to the one y that its z depends on, if there is one, and then
 * goes back by conv_plain.c. */
static void right_backward(const gradus_conv *c, const gradus_conv_sample *s,
                           gradus_real *scratch)
{
    static gradus_real dy[MOST_Y];
    const int h = gradus_conv_height(c), w = gradus_conv_width(c);
    gradus_conv_sample plain = *s;

    memset(dy, 0, y_size(c) * sizeof *dy);
    for (int at = 0; at < c->out * h * w; at++) {
        const int which = c->max2 ? s->argmax[at] : 0;
        if (which < 4)
            dy[in_y(c, at / (h * w), at / w % h, at % w, which)] = s->dz[at];
    }
    plain.dz = dy;
    gradus_conv_plain.backward(c, &plain, scratch);
}

static const gradus_conv_way right = {
    .name = "right", .forward = right_forward, .backward = right_backward,
};

/* The kernel is a single 1 and the bias -7, so that y = x - 7.  The maxima of
 * y are -1 and 1, and after the ReLU 0 and 1. */
TEST(maxima_and_relu_of_the_reference_match_a_case_worked_by_hand)
{
    const gradus_real image[] = { 1, 2, 8, 8, 9,
                                  5, 6, 8, 7, 9,
                                  9, 9, 9, 9, 9 };
    gradus_conv c = { .in = 1, .height = 3, .width = 5, .out = 1,
                      .out_height = 3, .out_width = 5, .kernel = 1,
                      .stride = 1, .groups = 1, .max2 = true,
                      .W = (gradus_real[]){ 1 },
                      .b = (gradus_real[]){ -7 } };
    gradus_real z[2], dW[1] = { 0 }, db[1] = { 0 }, dx[15] = { 0 };
    uint8_t argmax[2];
    const gradus_conv_sample s = { .x = image, .z = z, .argmax = argmax,
                                   .dz = (gradus_real[]){ 10, 100 },
                                   .dW = dW, .db = db, .dx = dx };

    right.forward(&c, &s, NULL);
    right.backward(&c, &s, NULL);
    assert_near(z, (double[]){ -1, 1 }, 2, 0);
    ck_assert_mem_eq(argmax, ((uint8_t[]){ 3, 0 }), 2);
    assert_near(dW, (double[]){ 60 + 800 }, 1, 0);
    c.relu = true;
    right.forward(&c, &s, NULL);
    right.backward(&c, &s, NULL);
    assert_near(z, (double[]){ 0, 1 }, 2, 0);
    ck_assert_mem_eq(argmax, ((uint8_t[]){ 4, 0 }), 2);
    assert_near(dW, (double[]){ 60 + 2 * 800 }, 1, 0);
    assert_near(db, (double[]){ 10 + 2 * 100 }, 1, 0);
    assert_near(dx, (double[]){ 0, 0, 200, 0, 0,
                                0, 10, 0, 0, 0,
                                0, 0, 0, 0, 0 }, 15, 0);
}

/* ---- every way -------------------------------------------------------- */

/* Makes dz 0 where the ReLU lets nothing through, as conv.h demands without
 * maxima. */
static void clear_behind_closed_relu(const gradus_conv *c)
{
    static results r;

    for (size_t i = 0; i < arrays(c); i++) {
        const gradus_conv_sample s = sample(c, 0, &r, i);
        right.forward(c, &s, NULL);
    }
    for (size_t i = 0; i < arrays(c) * gradus_conv_z_size(c); i++)
        dz[i] *= r.z[i] > 0;
}

static void make_data(const gradus_conv *c, int setting)
{
    const int whole = setting & WHOLE;
    const size_t n = arrays(c) * gradus_conv_z_size(c);

    make_numbers(x, arrays(c) * gradus_conv_x_size(c), whole, 1);
    make_numbers(W, weights(c), whole, 2);
    make_numbers(b, biases(c), whole, 3);
    make_numbers(dz, n, whole, 4);
    if (setting & SPARSE)
        for (size_t i = 0; i < n; i++)
            dz[i] *= i % 10 == 0 || i < n / SAMPLES;
    if (c->relu && !c->max2)
        clear_behind_closed_relu(c);
}

/* Allocates n numbers and no more, all NaN. */
static gradus_real *new_numbers(size_t n)
{
    gradus_real *v = malloc(n * sizeof *v + 1);

    ck_assert_ptr_nonnull(v);
    memset(v, 0xff, n * sizeof *v);
    return v;
}

/* Allocates no more scratch memory than the way asks for. */
static gradus_real *new_scratch(const gradus_conv_way *way,
                                const gradus_conv *c)
{
    return new_numbers(way->scratch ? way->scratch(c) : 0);
}

/* Computes z and argmax of r, which are full of NaN and of 255 before.  Once
 * W is packed it is not there any more, since it is not to be read. */
static void run_forward(const gradus_conv_way *way, gradus_conv c, int setting,
                        results *r)
{
    const size_t n = arrays(&c) * gradus_conv_z_size(&c);
    gradus_real *scratch = new_scratch(way, &c);
    gradus_real *packed = new_numbers(way->pack ? way->packed(&c) : 0);

    memset(r->z, 0xff, n * sizeof *r->z);
    memset(r->argmax, c.max2 ? 0xff : 0, n);
    if (way->pack) {
        way->pack(&c, packed);
        c.packed = packed;
        c.W = NULL;
    }
    if (way->begin)
        way->begin(&c, scratch);
    for (size_t i = 0; i < arrays(&c); i++) {
        const gradus_conv_sample s = sample(&c, setting, r, i);
        way->forward(&c, &s, scratch);
    }
    if (way->end)
        way->end(&c, scratch);
    free(scratch);
    free(packed);
}

static void set(gradus_real *v, size_t n, gradus_real value)
{
    for (size_t i = 0; i < n; i++)
        v[i] = value;
}

/* Computes dW, db and dx of r from its argmax.  They are 2 before, since
 * backward adds to them. */
static void run_backward(const gradus_conv_way *way, const gradus_conv *c,
                         int setting, results *r)
{
    gradus_real *scratch = new_scratch(way, c);

    set(r->dW, weights(c), 2);
    set(r->db, biases(c), 2);
    set(r->dx, arrays(c) * gradus_conv_x_size(c),
        setting & NO_BIAS && !(setting & NO_DX) ? NAN : 2);
    if (way->begin_back)
        way->begin_back(c, scratch);
    for (size_t i = 0; i < arrays(c); i++) {
        const gradus_conv_sample s = sample(c, setting, r, i);
        way->backward(c, &s, scratch);
    }
    if (way->end_back)
        way->end_back(c, scratch, r->dW);
    free(scratch);
}

static int differ(const gradus_real *v, const gradus_real *truth, size_t n,
                  double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)v[i] - truth[i]) <=
              tolerance * (1 + fabs((double)truth[i]))))
            return 1;
    return 0;
}

/* Does the way compute c by conv_winograd.c, whose rounding errors are said to
 * be about ten times those of the others, and are not 0 for whole numbers? */
static bool by_fewer_multiplications(const gradus_conv_way *way,
                                     const gradus_conv *c)
{
    return way == &gradus_conv_winograd ||
           (way == &gradus_conv_either && c->in >= 8 && c->out >= 8 &&
            gradus_conv_winograd.fits(c));
}

/* Compares a way with the truth.  Returns the name of the first array that
 * differs, or NULL. */
static const char *fault(const gradus_conv_way *way, const gradus_conv *c,
                         int setting, const results *truth)
{
    const size_t x_all = arrays(c) * gradus_conv_x_size(c);
    const size_t z_all = arrays(c) * gradus_conv_z_size(c);
    const bool fewer = by_fewer_multiplications(way, c);
    const double near = fewer ? 10 * rounding()
                        : setting & WHOLE ? 0 : rounding();
    static results r;

    if (way->forward) {
        run_forward(way, *c, setting, &r);
        if (differ(r.z, truth->z, z_all, 10 * near))
            return "z";
        if (memcmp(r.argmax, truth->argmax, z_all))
            return "argmax";
    }
    if (way->backward) {
        memcpy(r.argmax, truth->argmax, z_all);
        memcpy(r.z, truth->z, z_all * sizeof *r.z);
        run_backward(way, c, setting, &r);
        if (differ(r.dW, truth->dW, weights(c), 30 * near))
            return "dW";
        if (differ(r.db, truth->db, biases(c), 30 * near))
            return "db";
        if (differ(r.dx, truth->dx, x_all, 30 * near))
            return "dx";
    }
    return NULL;
}

LOOP_TEST(every_way_that_fits_gives_what_the_plain_way_gives, SHAPES)
{
    static results truth;

    for (int setting = 0; setting < SETTINGS; setting++) {
        gradus_conv c = conv_of(_i, setting);
        if (gradus_conv_z_size(&c) == 0) /* one line has no 2 x 2 maxima */
            continue;
        make_data(&c, setting);
        run_forward(&right, c, setting, &truth);
        run_backward(&right, &c, setting, &truth);
        for (int k = 0; k < WAYS; k++)
            for (int simd = 0; simd <= (int)gradus_simd_here(); simd++) {
                c.simd = (gradus_simd)simd;
                if (!ways[k]->fits(&c))
                    continue;
                const char *what = fault(ways[k], &c, setting, &truth);
                ck_assert_msg(!what, "setting %d: %s of way %s, version %d, "
                              "is not that of the plain way", setting, what,
                              ways[k]->name, simd);
            }
    }
}

LOOP_TEST(every_way_fits_at_least_a_third_of_the_shapes, WAYS)
{
    int count = 0;

    for (int shape = 0; shape < SHAPES; shape++)
        for (int setting = 0; setting <= (RELU | MAX2); setting++) {
            const gradus_conv c = conv_of(shape, setting);
            if (gradus_conv_z_size(&c) > 0 && ways[_i]->fits(&c)) {
                count++;
                break;
            }
        }
    ck_assert_int_ge(count, SHAPES / 3);
}

static void assert_has_room(const gradus_conv_way *way, const gradus_conv *c,
                            bool back, size_t most)
{
    const size_t packed = back ? 0 : gradus_conv_packed(way, c);

    ck_assert_uint_eq(packed % 32, 0);
    ck_assert_uint_le(packed + way->scratch(c), most);
}

/* The scratch memory of c must be enough for any number of samples. */
static void assert_scratch_is_enough(gradus_conv c)
{
    const size_t most = gradus_conv_scratch(&c);

    for (c.samples = 1; c.samples <= 1024; c.samples *= 2)
        for (int back = 0; back < 2; back++)
            assert_has_room(gradus_conv_best(&c, back), &c, back, most);
}

/* Which way is taken for in, height and width, out, kernel, stride, padding,
 * groups, samples and max2. */
TEST(the_way_depends_on_channels_stride_and_samples)
{
    static const struct {
        int in, side, out, kernel, stride, padding, groups;
        int samples;
        bool max2;
        const char *forward;
    } each[] = {
        { 1, 28, 16, 5, 1, 2, 1, 64, false, "vectors" },
        { 3, 28, 4, 3, 2, 1, 1, 64, false, "gemm" },
        { 3, 28, 16, 3, 2, 1, 1, 64, false, "direct" },
        { 16, 14, 16, 1, 1, 0, 1, 64, false, "direct" },
        { 16, 14, 16, 3, 2, 1, 1, 64, false, "direct" },
        { 16, 14, 16, 7, 1, 3, 1, 64, false, "direct" },
        { 16, 14, 16, 3, 1, 1, 2, 64, false, "direct" },
        { 16, 14, 16, 3, 1, 1, 1, 64, false, "winograd" },
        { 16, 14, 16, 5, 1, 2, 1, 64, false, "winograd" },
        { 16, 2, 16, 3, 1, 1, 1, 64, false, "direct" },
        { 64, 7, 64, 3, 1, 1, 1, 1, false, "direct" },
        { 64, 7, 64, 3, 1, 1, 1, 2, false, "winograd" },
        { 32, 6, 32, 2, 1, 0, 1, 5, false, "direct" },
        { 32, 6, 32, 2, 1, 0, 1, 6, false, "winograd" },
        { 256, 14, 256, 3, 1, 1, 1, 64, false, "winograd" },
        { 512, 14, 512, 3, 1, 1, 1, 64, false, "winograd" },
        { 1024, 14, 1024, 3, 1, 1, 1, 64, false, "gemm" },
        { 256, 14, 256, 3, 1, 1, 1, 3, false, "gemm" },
        { 256, 14, 256, 3, 1, 1, 1, 4, false, "winograd" },
        { 128, 14, 128, 3, 1, 1, 1, 1, false, "winograd" },
        { 128, 14, 256, 3, 1, 1, 1, 1, false, "gemm" },
        { 128, 14, 256, 3, 2, 1, 1, 15, false, "gemm" },
        { 128, 14, 256, 3, 2, 1, 1, 16, false, "direct" },
        { 256, 14, 256, 3, 2, 1, 1, 64, false, "gemm" },
        { 128, 8, 256, 2, 1, 0, 1, 1, false, "direct" },
        { 1, 28, 8, 5, 1, 0, 1, 64, true, "max2" },
        { 8, 12, 16, 5, 1, 0, 1, 64, true, "max2" },
        { 8, 16, 16, 3, 1, 1, 1, 64, true, "max2" },
        { 16, 16, 16, 3, 1, 1, 1, 64, true, NULL },
    };

    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        const int room = each[i].side + 2 * each[i].padding - each[i].kernel;
        const int side = room / each[i].stride + 1;
        const gradus_conv c = {
            .in = each[i].in, .height = each[i].side, .width = each[i].side,
            .out = each[i].out, .out_height = side, .out_width = side,
            .kernel = each[i].kernel, .stride = each[i].stride,
            .padding = each[i].padding, .groups = each[i].groups,
            .samples = each[i].samples,
            .max2 = each[i].max2 };
        const gradus_conv_way *way = gradus_conv_best(&c, false);
        ck_assert_msg(!way == !each[i].forward, "case %zu", i);
        if (way) {
            ck_assert_str_eq(way->name, each[i].forward);
            assert_scratch_is_enough(c);
        }
    }
}

/* The scratch memory is at most 40 numbers for each weight, also of kernels of
 * one number; what cannot be computed back with maxima in so little is not
 * fused with them. */
TEST(very_many_channels_take_memory_in_proportion)
{
    for (int side = 1; side <= 4; side *= 2) {
        gradus_conv c = { .in = 1, .height = 1, .width = side * side,
                          .out = 1 << 26, .out_height = 1,
                          .out_width = side * side, .kernel = 1, .stride = 1,
                          .groups = 1, .samples = 1 };
        ck_assert_uint_le(gradus_conv_scratch(&c),
                          40 * gradus_conv_weights(&c) + 10000);
        assert_scratch_is_enough(c);
    }
    const gradus_conv pooled = { .in = 1, .height = 3, .width = 3,
                                 .out = 1 << 20, .out_height = 2,
                                 .out_width = 2, .kernel = 2, .stride = 1,
                                 .groups = 1, .samples = 1, .max2 = true };
    ck_assert_ptr_eq(gradus_conv_best(&pooled, false), &gradus_conv_max2);
    ck_assert_ptr_null(gradus_conv_best(&pooled, true));
}

/* The 64 channels of y [256,256] share one list of places. */
TEST(a_large_image_takes_memory_in_proportion)
{
    const gradus_conv c = { .in = 1, .height = 256, .width = 256, .out = 64,
                            .out_height = 256, .out_width = 256, .kernel = 3,
                            .padding = 1, .stride = 1, .groups = 1,
                            .samples = 1 };

    ck_assert_uint_lt(gradus_conv_nonzero.scratch(&c), 5 * 256 * 256);
}

/* ---- planted bugs ---------------------------------------------------- */

static const char *spoilt; /* the name of the array that the bug is in */

static void wrong_forward(const gradus_conv *c, const gradus_conv_sample *s,
                          gradus_real *scratch)
{
    right.forward(c, s, scratch);
    if (strcmp(spoilt, "z") == 0)
        s->z[gradus_conv_z_size(c) - 1] += (gradus_real)1e-3;
    if (strcmp(spoilt, "argmax") == 0)
        s->argmax[gradus_conv_z_size(c) - 1] ^= 1;
}

static void wrong_backward(const gradus_conv *c, const gradus_conv_sample *s,
                           gradus_real *scratch)
{
    right.backward(c, s, scratch);
    if (strcmp(spoilt, "dW") == 0)
        s->dW[gradus_conv_weights(c) - 1] += (gradus_real)1e-3;
    if (strcmp(spoilt, "db") == 0)
        s->db[c->out - 1] += (gradus_real)1e-3;
    if (strcmp(spoilt, "dx") == 0)
        s->dx[gradus_conv_x_size(c) - 1] = 0;
}

LOOP_TEST(planted_bugs_in_a_way_to_convolve_are_caught, 5)
{
    static const char *const each[] = { "z", "argmax", "dW", "db", "dx" };
    gradus_conv_way wrong = right;
    const gradus_conv c = conv_of(7, MAX2);
    static results truth;

    spoilt = each[_i];
    wrong.forward = wrong_forward;
    wrong.backward = wrong_backward;
    make_data(&c, MAX2);
    run_forward(&right, c, MAX2, &truth);
    run_backward(&right, &c, MAX2, &truth);
    ck_assert_ptr_null(fault(&right, &c, MAX2, &truth));
    ck_assert_str_eq(fault(&wrong, &c, MAX2, &truth), spoilt);
}
