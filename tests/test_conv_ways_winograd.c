/* test_conv_ways_winograd.c -- tests the steps of Winograd's way one by one,
 * against products with the matrices that docs/conv.md derives. */
#include "kernels/winograd.h"
#include "probe.h"
#include "tests.h"

#include <math.h>
#include <stdlib.h>

/* A matrix of up to 6 x 6 numbers. */
enum { N = WINOGRAD_POINTS };
typedef struct {
    int rows, columns;
    double at[N][N];
} matrix;

static matrix product(matrix a, matrix b)
{
    matrix c = { .rows = a.rows, .columns = b.columns };

    ck_assert_int_eq(a.columns, b.rows);
    for (int i = 0; i < c.rows; i++)
        for (int j = 0; j < c.columns; j++)
            for (int k = 0; k < a.columns; k++)
                c.at[i][j] += a.at[i][k] * b.at[k][j];
    return c;
}

static matrix transposed(matrix a)
{
    matrix t = { .rows = a.columns, .columns = a.rows };

    for (int i = 0; i < a.rows; i++)
        for (int j = 0; j < a.columns; j++)
            t.at[j][i] = a.at[i][j];
    return t;
}

/* The powers of the points 0, 1, -1, 2, -2 and infinity, where a polynomial
 * has its last coefficient: A [6,m], or G [6,k] before its rows are divided by
 * N. */
static matrix powers(int n)
{
    static const double point[N - 1] = { 0, 1, -1, 2, -2 };
    matrix a = { .rows = N, .columns = n };

    for (int i = 0; i < N - 1; i++)
        for (int j = 0; j < n; j++)
            a.at[i][j] = pow(point[i], j);
    a.at[N - 1][n - 1] = 1;
    return a;
}

static matrix G_of(int kernel)
{
    static const double divisor[N] = { 4, -6, -6, 24, 24, 1 };
    matrix G = powers(kernel);

    for (int i = 0; i < N; i++)
        for (int j = 0; j < kernel; j++)
            G.at[i][j] /= divisor[i];
    return G;
}

/* B' */
static const matrix BT = { N, N, { { 4, 0, -5, 0, 1, 0 },
                                   { 0, -4, -4, 1, 1, 0 },
                                   { 0, 4, -4, -1, 1, 0 },
                                   { 0, -2, -1, 2, 1, 0 },
                                   { 0, 2, -1, -2, 1, 0 },
                                   { 0, 4, 0, -5, 0, 1 } } };

/* One channel's tile and kernel, and what belongs to them. */
static matrix random_matrix(int rows, int columns, uint64_t seed)
{
    matrix a = { .rows = rows, .columns = columns };
    double v[N * N];

    probe_fill_double(v, N * N, seed);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            a.at[i][j] = v[i * N + j];
    return a;
}

/* Asserts that the numbers of v, `line` and `column` apart, are those of a. */
static void assert_matrix(const gradus_real *v, size_t line, size_t column,
                          matrix a)
{
    for (int i = 0; i < a.rows; i++)
        for (int j = 0; j < a.columns; j++)
            assert_near(v + (size_t)i * line + (size_t)j * column,
                        &a.at[i][j], 1, 10 * rounding());
}

/* The other way round: copies a to v. */
static void put(matrix a, gradus_real *v, size_t line, size_t column)
{
    for (int i = 0; i < a.rows; i++)
        for (int j = 0; j < a.columns; j++)
            v[(size_t)i * line + (size_t)j * column] = (gradus_real)a.at[i][j];
}

/* The matrices themselves: for any w and d, A' (G w * B' d) is the convolution
 * of d by w, number by number. */
LOOP_TEST(the_matrices_of_winograd_convolve, 4)
{
    const int k = 2 + _i, m = N + 1 - k;
    const matrix w = random_matrix(k, 1, 1), d = random_matrix(N, 1, 2);
    matrix u = product(G_of(k), w), v = product(BT, d);

    for (int i = 0; i < N; i++)
        u.at[i][0] *= v.at[i][0];
    const matrix y = product(transposed(powers(m)), u);
    for (int i = 0; i < m; i++) {
        double sum = 0;
        for (int j = 0; j < k; j++)
            sum += w.at[j][0] * d.at[i + j][0];
        ck_assert_double_eq_tol(y.at[i][0], sum, 1e-12);
    }
}

/* Runs each step of each version for a single tile, whose numbers lie in the
 * first of the channels. */
LOOP_TEST(each_step_of_winograd_is_its_product_of_matrices, 4)
{
    const int k = 2 + _i, m = N + 1 - k;
    const matrix A = powers(m), G = G_of(k);
    const matrix d = random_matrix(N, N, 3), w = random_matrix(k, k, 4);
    const matrix M = random_matrix(N, N, 5), dy = random_matrix(m, m, 6);
    const size_t room = 1 << 14;
    gradus_real *from = calloc(room, sizeof *from);
    gradus_real *to = calloc(room, sizeof *to);
    static const gradus_real b[64];

    ck_assert(from && to);
    for (int simd = 0; simd <= (int)gradus_simd_here(); simd++) {
        const gradus_conv c = { .in = 8, .height = N, .width = N, .out = 8,
                                .out_height = m, .out_width = m, .kernel = k,
                                .stride = 1, .groups = 1, .samples = 1,
                                .simd = (gradus_simd)simd };
        const gradus_winograd s = gradus_winograd_of(&c);
        const gradus_winograd_steps *step = gradus_winograd_for(c.simd);
        ck_assert_uint_le(N * N * s.u_plane, room);
        ck_assert_uint_le(N * N * s.v_plane, room);
        ck_assert_uint_le(N * N * s.m_plane, room);
        put(d, from, s.x.line, s.x.pixel);
        step->image(&s, from, 0, 1, to);                  /* (C10) */
        assert_matrix(to, N * s.v_plane, s.v_plane,
                      product(product(BT, d), transposed(BT)));
        put(w, from, (size_t)k * s.y.pixel, s.y.pixel);
        step->weights(&s, from, to);                      /* (C11) */
        assert_matrix(to, N * s.u_plane, s.u_plane,
                      product(product(G, w), transposed(G)));
        put(M, from, N * s.m_plane, s.m_plane);
        step->result(&s, from, b, 0, 1, to);              /* (C12) */
        assert_matrix(to, s.y.line, s.y.pixel,
                      product(product(transposed(A), M), A));
        put(dy, from, s.y.line, s.y.pixel);
        step->gradient(&s, from, &s.y, s.result, 0, 1, to); /* (C13) */
        assert_matrix(to, N * s.m_plane, s.m_plane,
                      product(product(A, dy), transposed(A)));
        put(M, from, N * s.u_plane, s.u_plane);
        step->weights_back(&s, from, to);                 /* (C15) */
        assert_matrix(to, (size_t)k * s.y.pixel, s.y.pixel,
                      product(product(transposed(G), M), G));
    }
    free(from);
    free(to);
}

/* Returns the first rows of a [..,wide], in some columns from `column` on. */
static matrix part(const double *a, int wide, int column, int rows,
                   int columns)
{
    matrix p = { .rows = rows, .columns = columns };

    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            p.at[i][j] = a[i * wide + column + j];
    return p;
}

/* Two tiles side by side: dU is the sum of V dM over them (C14), for a single
 * channel number by number, and dw is G' dU G. */
LOOP_TEST(the_gradient_of_a_kernel_is_a_sum_over_tiles, 4)
{
    enum { MOST = N * 3 * N };
    const int k = 2 + _i, m = N + 1 - k, wide = N + m;
    const gradus_conv c = { .in = 1, .height = N, .width = wide, .out = 1,
                            .out_height = m, .out_width = 2 * m, .kernel = k,
                            .stride = 1, .groups = 1, .samples = 1,
                            .W = (gradus_real[N * N]){ 0 } };
    const gradus_conv_way *way = &gradus_conv_winograd;
    gradus_real x[MOST], dy[MOST], dW[N * N] = { 0 };
    double d[MOST], e[MOST];
    matrix dU = { .rows = N, .columns = N };

    probe_fill_double(d, MOST, 1);
    probe_fill_double(e, MOST, 2);
    for (int i = 0; i < MOST; i++)
        x[i] = (gradus_real)d[i], dy[i] = (gradus_real)e[i];
    for (int tile = 0; tile < 2; tile++) {
        const matrix piece = part(d, wide, tile * m, N, N);
        const matrix back = part(e, 2 * m, tile * m, m, m);
        const matrix V = product(product(BT, piece), transposed(BT));
        const matrix dM =
            product(product(powers(m), back), transposed(powers(m)));
        for (int i = 0; i < N * N; i++)
            dU.at[i / N][i % N] += V.at[i / N][i % N] * dM.at[i / N][i % N];
    }
    gradus_real *scratch = malloc(way->scratch(&c) * sizeof *scratch);
    const gradus_conv_sample s = { .x = x, .dz = dy, .dW = dW };
    ck_assert(scratch != NULL);
    way->begin_back(&c, scratch);
    way->backward(&c, &s, scratch);
    way->end_back(&c, scratch, dW);
    free(scratch);
    for (int i = 0; i < k * k; i++)
        ck_assert_double_eq_tol(
            dW[i],
            product(product(transposed(G_of(k)), dU), G_of(k)).at[i / k][i % k],
            100 * rounding());
}
