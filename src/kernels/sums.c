/* sums.c -- adds up many numbers, in LANES running sums side by side.
 *
 * Each lane is the running sum of every sixteenth number.  Vector
 * instructions add to all lanes at once, where with a single sum each
 * addition would wait for the one before, and rounding errors are smaller.
 * The order of the additions depends on the sizes alone, so the result is
 * the same to the last bit with any number of threads. */
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

/* Channels are summed in bundles.  A bundle is one channel, of which each lane
 * has every sixteenth position; or, where channels have one position, up to
 * sixteen channels, one in each lane.  Returns how many channels there are in
 * the one that begins with channel `first`. */
static int bundle(gradus_channels s, int first)
{
    const int left = s.channels - first;

    return s.positions > 1 ? 1 : left < LANES ? left : LANES;
}

/* Returns the numbers of channel c, and those after it, in row i. */
static const gradus_real *row(gradus_channels s, const gradus_real *x, int i,
                              int c)
{
    return x + ((size_t)i * s.channels + c) * s.positions;
}

/* Returns the sum for channel k of `count` channels side by side, from the
 * lanes [LANES].  k is below LANES; from count on, the lanes are 0.  Of a
 * single channel every k gives the sum. */
static double total(int count, const double *lane, int k)
{
    double sum = 0;

    if (count > 1)
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
    const double m = *sums++ = (double)s.rows * s.positions;

    for (int c = 0, count; c < s.channels; c += count) {
        double lane[LANES] = { 0 }, square[LANES] = { 0 }, mean[LANES];
        count = bundle(s, c);
        for (int i = 0; i < s.rows; i++)
            add(lane, row(s, x, i, c), count * s.positions);
        for (int l = 0; l < LANES; l++)
            mean[l] = total(count, lane, l) / m;
        for (int i = 0; i < s.rows; i++)
            add_products(square, row(s, x, i, c), mean, row(s, x, i, c), mean,
                         count * s.positions);
        for (int k = 0; k < count; k++) {
            *sums++ = mean[k];
            *sums++ = total(count, square, k);
        }
    }
}

/* products sums dy (x - mean), lane sums dy. */
void gradus_sum_gradients(gradus_channels s, const gradus_real *x,
                          const gradus_real *mean, const gradus_real *rest,
                          const gradus_real *dy, double *sums)
{
    const double zero[LANES] = { 0 };

    *sums++ = (double)s.rows * s.positions;
    for (int c = 0, count; c < s.channels; c += count) {
        double middle[LANES], products[LANES] = { 0 }, lane[LANES] = { 0 };
        count = bundle(s, c);
        for (int l = 0; l < LANES; l++)
            middle[l] = (double)mean[c + l % count] + rest[c + l % count];
        for (int i = 0; i < s.rows; i++) {
            const gradus_real *d = row(s, dy, i, c);
            add_products(products, d, zero, row(s, x, i, c), middle,
                         count * s.positions);
            add(lane, d, count * s.positions);
        }
        for (int k = 0; k < count; k++) {
            *sums++ = total(count, products, k);
            *sums++ = total(count, lane, k);
        }
    }
}
