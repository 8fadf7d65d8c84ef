/* sums.c -- adds up many numbers, in LANES running sums side by side.
 *
 * Each lane is the running sum of every sixteenth number.  Vector
 * instructions add to all lanes at once, where with a single sum each
 * addition would wait for the one before, and rounding errors are smaller.
 * The order of the additions depends on the sizes alone, so the result is
 * the same to the last bit on every processor and with any number of
 * threads. */
#include "kernels/sums.h"

enum { LANES = 16 }; /* running sums side by side */

gradus_real gradus_sum(const gradus_real *x, int n)
{
    gradus_real lane[LANES] = { 0 }, sum = 0;
    int i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += x[i + l];
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

/* ---- of channels ----------------------------------------------------- */

/* A bundle of channels, summed at once, of an array
 * [rows,channels,positions].  It is one channel, of which each lane has
 * every sixteenth position; or, where channels have one position, up to
 * sixteen channels, one in each lane. */
typedef struct {
    int first, count; /* its first channel, and how many it has */
    int width;        /* its numbers in each row, which lie side by side */
} bundle;

/* Returns the bundle that begins at channel `first`; behind the last
 * channel its count is 0. */
static bundle bundle_at(gradus_channels s, int first)
{
    int left = s.channels - first;

    left = left < LANES ? left : LANES;
    return s.positions > 1 && left ? (bundle){ first, 1, s.positions }
                                   : (bundle){ first, left, left };
}

static bundle after(gradus_channels s, bundle b)
{
    return bundle_at(s, b.first + b.count);
}

/* Returns the numbers of bundle b in row i, [width]. */
static const gradus_real *row(gradus_channels s, const gradus_real *x, int i,
                              bundle b)
{
    return x + ((size_t)i * s.channels + b.first) * s.positions;
}

/* Returns the sum for channel k of the bundle, 0 <= k < count, from the
 * lanes [LANES]. */
static double total(bundle b, const double *lane, int k)
{
    double sum = 0;

    if (b.count > 1)
        return lane[k];
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

/* Adds x [width] to the lanes, number l to lane l % LANES. */
static inline void add(double *lane, const gradus_real *x, int width)
{
    for (; width >= LANES; width -= LANES, x += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += x[l];
    for (int l = 0; l < width; l++)
        lane[l] += x[l];
}

/* Adds (x - a) (y - b) to the lanes in the same way, x and y [width]; a and
 * b have a number for each lane. */
static inline void add_products(double *lane, const gradus_real *x,
                                const double *a, const gradus_real *y,
                                const double *b, int width)
{
    for (; width >= LANES; width -= LANES, x += LANES, y += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += (x[l] - a[l]) * (y[l] - b[l]);
    for (int l = 0; l < width; l++)
        lane[l] += (x[l] - a[l]) * (y[l] - b[l]);
}

/* Two passes: first the mean, and then the squares of the deviations from
 * it, which loses fewer digits than subtracting the squared mean. */
void gradus_sum_deviations(gradus_channels s, const gradus_real *x,
                           double *sums)
{
    const double m = (double)s.rows * s.positions;

    for (bundle b = bundle_at(s, 0); b.count; b = after(s, b)) {
        double lane[LANES] = { 0 }, square[LANES] = { 0 }, mean[LANES];
        for (int i = 0; i < s.rows; i++)
            add(lane, row(s, x, i, b), b.width);
        for (int l = 0; l < LANES; l++)
            mean[l] = total(b, lane, l) / m;
        for (int i = 0; i < s.rows; i++)
            add_products(square, row(s, x, i, b), mean, row(s, x, i, b), mean,
                         b.width);
        for (int k = 0; k < b.count; k++) {
            *sums++ = mean[k];
            *sums++ = total(b, square, k);
        }
    }
}

/* products sums dy (x - mean), lane sums dy. */
void gradus_sum_gradients(gradus_channels s, const gradus_real *x,
                          const gradus_real *mean, const gradus_real *dy,
                          double *sums)
{
    const double zero[LANES] = { 0 };

    for (bundle b = bundle_at(s, 0); b.count; b = after(s, b)) {
        double middle[LANES], products[LANES] = { 0 }, lane[LANES] = { 0 };
        for (int l = 0; l < LANES; l++)
            middle[l] = mean[b.first + l % b.count];
        for (int i = 0; i < s.rows; i++) {
            const gradus_real *d = row(s, dy, i, b);
            add_products(products, d, zero, row(s, x, i, b), middle, b.width);
            add(lane, d, b.width);
        }
        for (int k = 0; k < b.count; k++) {
            *sums++ = total(b, products, k);
            *sums++ = total(b, lane, k);
        }
    }
}
