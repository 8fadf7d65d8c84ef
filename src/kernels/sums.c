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

    for (; n - i >= LANES; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += x[i + l]; /* (F4) */
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

double gradus_sum_double(const gradus_real *x, int n)
{
    double lane[LANES] = { 0 }, sum = 0;

    for (; n >= LANES; n -= LANES, x += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += x[l]; /* (F4) */
    for (int l = 0; l < n; l++)
        lane[l] += x[l];
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

double gradus_sum_squares(const gradus_real *x, double mean, int n)
{
    double lane[LANES] = { 0 }, sum = 0;

    for (; n >= LANES; n -= LANES, x += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += (x[l] - mean) * (x[l] - mean);
    for (int l = 0; l < n; l++)
        lane[l] += (x[l] - mean) * (x[l] - mean);
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

gradus_real gradus_max(const gradus_real *x, int n)
{
    gradus_real lane[LANES], most = x[0];
    int i = 0;

    for (int l = 0; l < LANES; l++)
        lane[l] = most;
    for (; n - i >= LANES; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] = x[i + l] > lane[l] ? x[i + l] : lane[l];
    for (int l = 0; i && l < LANES; l++)
        most = lane[l] > most ? lane[l] : most;
    for (; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
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

/* What a bundle is summed with: lanes for two sums, and for each lane the mean
 * that is subtracted.  All bundles of a row are summed before the next row, in
 * the order in which they lie in memory. */
typedef struct {
    double first[LANES], second[LANES], mean[LANES];
} lanes;

size_t gradus_channel_lanes(int channels, int positions)
{
    const size_t bundles = positions > 1 ? (size_t)channels
                                         : (size_t)channels / LANES + 1;

    return bundles * sizeof(lanes) / sizeof(double);
}

/* Some lanes: as many as there are doubles in a vector of AVX-512, or half as
 * many.  (Compilers often fail to vectorise a loop over all the lanes.  GCC
 * turns __builtin_convertvector into three instructions, and a list of the
 * numbers into one.) */
#ifdef __AVX512F__
enum { SOME = 8 };
#define LIST(x) { x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7] }
#else
enum { SOME = 4 };
#define LIST(x) { x[0], x[1], x[2], x[3] }
#endif
typedef gradus_real some
    __attribute__((vector_size(SOME * sizeof(gradus_real)),
                   aligned(sizeof(gradus_real)), may_alias));
typedef double some_doubles
    __attribute__((vector_size(SOME * sizeof(double)),
                   aligned(sizeof(double)), may_alias));

/* Returns SOME numbers of x as doubles. */
static inline some_doubles doubles(const gradus_real *x)
{
    const some s = *(const some *)x;

    return (some_doubles)LIST(s);
}

/* Returns dy, but 0 where z is not above 0, if there is a z. */
static inline some_doubles passed(const gradus_real *dy, const gradus_real *z)
{
    some d = *(const some *)dy;

    if (z)
        d = (some)((__typeof__(d > 0))d & (*(const some *)z > 0));
    return (some_doubles)LIST(d);
}

/* first += x - mean and second += (x - mean)^2, for a stretch x [width]. */
static inline void add_deviations(lanes *t, const gradus_real *x, int width)
{
    lanes r = *t; /* in registers */

    for (; width >= LANES; width -= LANES, x += LANES)
        for (int l = 0; l < LANES; l += SOME) {
            some_doubles d = doubles(x + l) -
                             *(const some_doubles *)(r.mean + l);
            *(some_doubles *)(r.first + l) += d;
            *(some_doubles *)(r.second + l) += d * d;
        }
    for (int l = 0; l < width; l++) {
        double d = x[l] - r.mean[l];
        r.first[l] += d;
        r.second[l] += d * d;
    }
    *t = r;
}

/* first += dy (x - mean) and second += dy, for a stretch [width].  dy counts
 * as 0 where z is not above 0, if there is a z. */
static inline void add_gradients(lanes *t, const gradus_real *x,
                                 const gradus_real *dy, const gradus_real *z,
                                 int width)
{
    lanes r = *t;
    int k = 0;

    for (; width - k >= LANES; k += LANES)
        for (int l = 0; l < LANES; l += SOME) {
            some_doubles d = passed(dy + k + l, z ? z + k + l : NULL);
            *(some_doubles *)(r.first + l) +=
                d * (doubles(x + k + l) - *(const some_doubles *)(r.mean + l));
            *(some_doubles *)(r.second + l) += d;
        }
    for (int l = 0; k < width; l++, k++) {
        double d = !z || z[k] > 0 ? dy[k] : 0;
        r.first[l] += d * (x[k] - r.mean[l]);
        r.second[l] += d;
    }
    *t = r;
}

/* The deviations are taken from a, the mean of the first row:
 *
 *   sum (x - mean)^2 = sum (x - a)^2 - (sum (x - a))^2 / m
 *
 * As that row is one of those that are summed, (mean - a)^2 is at most as many
 * times the variance as there are rows, so that few digits are lost. */
void gradus_sum_deviations(gradus_channels s, const gradus_real *x,
                           double *scratch, double *sums)
{
    const double m = *sums++ = (double)s.rows * s.positions;
    lanes *const all = (lanes *)scratch, *t = all;

    for (int c = 0, count; c < s.channels; c += count, t++) {
        double sum[LANES] = { 0 };
        count = bundle(s, c);
        for (int i = 0; i < count * s.positions; i++)
            sum[i % LANES] += row(s, x, 0, c)[i];
        *t = (lanes){ { 0 }, { 0 }, { 0 } };
        for (int l = 0; l < LANES; l++)
            t->mean[l] = total(count, sum, l) / s.positions;
    }
    for (int i = 0; i < s.rows; i++) {
        t = all;
        for (int c = 0, count; c < s.channels; c += count, t++) {
            const gradus_real *from = row(s, x, i, c);
            count = bundle(s, c);
            add_deviations(t, from, count * s.positions);
        }
    }
    t = all;
    for (int c = 0, count; c < s.channels; c += count, t++) {
        count = bundle(s, c);
        for (int k = 0; k < count; k++) {
            double d = total(count, t->first, k);
            double square = total(count, t->second, k) - d * d / m;
            *sums++ = t->mean[k] + d / m;
            *sums++ = square < 0 ? 0 : square;
        }
    }
}

void gradus_sum_gradients(gradus_channels s, const gradus_real *x,
                          const gradus_real *mean, const gradus_real *rest,
                          const gradus_real *dy, const gradus_real *z,
                          double *scratch, double *sums)
{
    lanes *const all = (lanes *)scratch, *t = all;

    *sums++ = (double)s.rows * s.positions;
    for (int c = 0, count; c < s.channels; c += count, t++) {
        count = bundle(s, c);
        *t = (lanes){ { 0 }, { 0 }, { 0 } };
        for (int l = 0; l < LANES; l++)
            t->mean[l] = (double)mean[c + l % count] + rest[c + l % count];
    }
    for (int i = 0; i < s.rows; i++) {
        t = all;
        for (int c = 0, count; c < s.channels; c += count, t++) {
            const size_t at = (size_t)(row(s, x, i, c) - x);
            count = bundle(s, c);
            add_gradients(t, x + at, dy + at, z ? z + at : NULL,
                          count * s.positions);
        }
    }
    t = all;
    for (int c = 0, count; c < s.channels; c += count, t++) {
        count = bundle(s, c);
        for (int k = 0; k < count; k++) {
            *sums++ = total(count, t->first, k);
            *sums++ = total(count, t->second, k);
        }
    }
}
