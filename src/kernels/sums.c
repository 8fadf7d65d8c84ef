/* sums.c -- sums in lanes.
 *
 * Each lane is a running sum of every sixteenth number: vectors add to all of
 * them at once, where a single sum would wait for itself, and rounding errors
 * are fewer.  The order of the additions depends on sizes alone; so the bits
 * depend neither on the processor nor on the number of threads.
 */
#include "kernels/sums.h"

enum { LANES = 16 };

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

/* What is summed at once of [channels,positions]: one channel, of which a lane
 * has every sixteenth position; or, where channels have one position, up to
 * sixteen of them, one a lane. */
typedef struct {
    int first, count; /* channels */
    int width;        /* numbers side by side in a row */
} bundle;

/* The bundle from this channel on; after the last channel its count is 0. */
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

/* Its numbers of row i, [width]. */
static const gradus_real *row(gradus_channels s, const gradus_real *x, int i,
                              bundle b)
{
    return x + ((size_t)i * s.channels + b.first) * s.positions;
}

/* The sum of the bundle's channel k. */
static double total(bundle b, const double *lane, int k)
{
    double sum = 0;

    if (b.count > 1)
        return lane[k];
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

/* lane += x */
static inline void add(double *lane, const gradus_real *x, int width)
{
    for (; width >= LANES; width -= LANES, x += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += x[l];
    for (int l = 0; l < width; l++)
        lane[l] += x[l];
}

/* lane += (x - a) (y - b), a and b of each lane */
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
