/* augment.c -- data augmentation: random changes of images by shift, rotation,
 * scale, flip, and elastic distortion.
 *
 * The value of the new image at pixel p is that of the old image at the point
 *
 *   q = c + A (p - c) + shift + d(p)        A = rotation / scale, flipped
 *
 * found by bilinear interpolation: if q lies a lines and b columns, 0 to 1,
 * behind pixel v[i,j], it is
 *
 *   (1-a) (1-b) v[i,j] + (1-a) b v[i,j+1] + a (1-b) v[i+1,j] + a b v[i+1,j+1]
 *
 * Points are (line, column), in pixels; c is the centre of the image.  d is
 * the displacement field of Simard, Steinkraus, Platt: Best practices for
 * convolutional neural networks (2003): uniform random numbers in [-1,1),
 * multiplied by alpha, and smoothed by a Gaussian of standard deviation sigma,
 * which is cut off at 3 sigma.
 */
#include "layers/augment.h"

#include "gradus_layer.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;
enum { MOST_SIGMA = 64 }; /* the largest sigma allowed, in pixels */

bool gradus_augment_refused(gradus_node *n, const gradus_augment_options *a)
{
    static const char *const names[] = { "shift", "rotate", "elastic" };
    const double values[] = { a->shift, a->rotate, a->elastic };
    const int *s = n->shape;

    for (int i = 0; i < 3; i++)
        if (!(values[i] >= 0 && values[i] <= 1e6))
            return gradus_fail(n, "%s is %g; must be 0 to 1000000", names[i],
                               values[i]), true;
    if (!(a->scale >= 0 && a->scale < 1))
        return gradus_fail(n, "scale is %g; must be at least 0 and below 1",
                           a->scale), true;
    if (a->sigma != 0 && !(a->sigma >= 0.1 && a->sigma <= MOST_SIGMA))
        return gradus_fail(n, "sigma is %g; must be 0 (which means 4) or 0.1 "
                           "to %d", a->sigma, MOST_SIGMA), true;
    if ((s[0] + 3.0) * (s[1] + 2.0) * (s[2] + 2.0) > INT_MAX)
        return gradus_fail(n, "the image [%d,%d,%d] is too large to be "
                           "augmented: (channels + 3) x (height + 2) x (width "
                           "+ 2) must be at most %d", s[0], s[1], s[2],
                           INT_MAX), true;
    return false;
}

/* Returns a uniform random number in [-most,most). */
static double around_zero(gradus_random *r, double most)
{
    return (2 * gradus_random_uniform(r) - 1) * most;
}

/* Smooths one component of the field along one axis: to [h,w] is from [h,w],
 * convolved with kernel [2 radius + 1].  Outside the image the field counts as
 * 0.  The axis has `length` values, which lie `step` numbers apart in memory.
 * There are `lines` lines along it, which lie `apart` numbers from each
 * other. */
static void smooth(const gradus_real *from, gradus_real *to,
                   const gradus_real *kernel, int radius, int length, int step,
                   int lines, int apart)
{
    for (int i = 0; i < length; i++) {
        int first = i - radius > 0 ? i - radius : 0;
        int last = i + radius < length - 1 ? i + radius : length - 1;
        for (int l = 0; l < lines; l++)
            to[i * step + l * apart] = 0;
        for (int k = first; k <= last; k++) {
            const gradus_real w = kernel[k - i + radius];
            for (int l = 0; l < lines; l++)
                to[i * step + l * apart] += w * from[k * step + l * apart];
        }
    }
}

/* Draws one component of the field, d [h,w]: by how many lines, or by how many
 * columns, each point is displaced.  spare [h,w] is scratch memory. */
static void make_field(const gradus_augment_options *a, gradus_random *r,
                       int h, int w, gradus_real *d, gradus_real *spare)
{
    const double sigma = a->sigma > 0 ? a->sigma : 4;
    const int radius = (int)ceil(3 * sigma);
    gradus_real kernel[2 * 3 * MOST_SIGMA + 1]; /* [2 radius + 1] at most */
    double sum = 0;

    for (int k = -radius; k <= radius; k++)
        sum += exp(-k * k / (2 * sigma * sigma));
    for (int k = -radius; k <= radius; k++)
        kernel[k + radius] =
            (gradus_real)(exp(-k * k / (2 * sigma * sigma)) / sum);
    for (int i = 0; i < h * w; i++)
        d[i] = (gradus_real)around_zero(r, a->elastic);
    smooth(d, spare, kernel, radius, h, w, w, 1);
    smooth(spare, d, kernel, radius, w, 1, h, w);
}

/* Copies v [h,w] to the middle of `bordered` [h+2,w+2], whose border has the
 * value `outside`. */
static void add_border(const gradus_real *v, int h, int w, gradus_real outside,
                       gradus_real *bordered)
{
    for (int i = -1; i <= h; i++, bordered += w + 2) {
        for (int j = 0; j < w + 2; j++)
            bordered[j] = outside;
        if (i >= 0 && i < h)
            memcpy(bordered + 1, v + i * w, (size_t)w * sizeof *v);
    }
}

enum { POINTS = 64 }; /* of a line, that are found at once */

/* Where up to POINTS points q are in a bordered image: each in a square whose
 * corners are four neighbouring pixels.  `at` is the place of the upper left
 * one, and the point is `down` and `right` from there. */
typedef struct {
    int at[POINTS];
    double down[POINTS], right[POINTS];
} points;

/* Returns v, or -1 or `most` if it lies beyond that; a NaN gives -1. */
static double within(double v, double most)
{
    v = v > -1 ? v : -1;
    return v < most ? v : most;
}

/* Finds the points (y,x) [n] of an image [h,w].  A point outside is moved to
 * the border: what lies beside it in the image then counts 0 times, so that
 * only a NaN there spoils the value.  1 is added since the border comes first;
 * so no number that is cast is negative, and the casts round down. */
static void find(int h, int w, int n, const double *y, const double *x,
                 points *q)
{
    for (int k = 0; k < n; k++) {
        const double line = within(y[k], h), column = within(x[k], w);
        const int i = (int)(line + 1) < h ? (int)(line + 1) : h;
        const int j = (int)(column + 1) < w ? (int)(column + 1) : w;
        q->at[k] = i * (w + 2) + j;
        q->down[k] = line - (i - 1);
        q->right[k] = column - (j - 1);
    }
}

/* Sets `to` [n] to the values at the points, by bilinear interpolation between
 * the corners of their squares.  A line of the bordered image has `wide`
 * pixels. */
static void interpolate(const gradus_real *bordered, int wide, int n,
                        const points *q, gradus_real *to)
{
    for (int k = 0; k < n; k++) {
        const gradus_real *v = bordered + q->at[k];
        const double down = q->down[k], up = 1 - down;
        const double right = q->right[k], left = 1 - right;
        to[k] = (gradus_real)(up * left * v[0] + up * right * v[1] +
                              down * left * v[wide] +
                              down * right * v[wide + 1]);
    }
}

/* Draws the affine map from p to q of one image, without d, within the bounds
 * of the options.  With p and q relative to the centre,
 * q_i = A_i0 p_0 + A_i1 p_1 + A_i2: index 0 is lines and 1 columns, and A_i2
 * is the shift in pixels. */
static void random_map(const gradus_augment_options *a, gradus_random *r,
                       double A[2][3])
{
    double angle = around_zero(r, a->rotate) * pi / 180;
    double scale = 1 + around_zero(r, a->scale);
    double flip = a->flip && gradus_random_below(r, 2) ? -1 : 1;

    A[0][0] = cos(angle) / scale;
    A[0][1] = -sin(angle) / scale * flip;
    A[1][0] = sin(angle) / scale;
    A[1][1] = cos(angle) / scale * flip;
    A[0][2] = around_zero(r, a->shift);
    A[1][2] = around_zero(r, a->shift);
}

/* The parts of the scratch memory: images with a border [channels,h+2,w+2],
 * and the field and what make_field needs [3,h,w]. */
size_t gradus_augment_scratch(const int shape[3])
{
    const size_t h = (size_t)shape[1], w = (size_t)shape[2];

    return (size_t)shape[0] * (h + 2) * (w + 2) + 3 * h * w;
}

void gradus_augment_image(const gradus_augment_options *a, gradus_random *r,
                          const int shape[3], const gradus_real *from,
                          const gradus_real *outside, gradus_real *to,
                          gradus_real *scratch)
{
    const int h = shape[1], w = shape[2], area = h * w;
    const size_t bordered = (size_t)(h + 2) * (size_t)(w + 2);
    const double cy = (h - 1) / 2.0, cx = (w - 1) / 2.0;
    gradus_real *field = scratch + (size_t)shape[0] * bordered;
    double A[2][3], y[POINTS], x[POINTS];
    points q;

    random_map(a, r, A);
    if (a->elastic > 0)
        for (int k = 0; k < 2; k++)
            make_field(a, r, h, w, field + k * area, field + 2 * area);
    for (int c = 0; c < shape[0]; c++)
        add_border(from + c * area, h, w, outside[c],
                   scratch + (size_t)c * bordered);
    for (int p = 0, n; p < area; p += n) {
        const int column = p % w;
        const double i = p / w - cy;
        n = w - column < POINTS ? w - column : POINTS;
        for (int k = 0; k < n; k++) {
            const double j = column + k - cx;
            y[k] = cy + A[0][0] * i + A[0][1] * j + A[0][2];
            x[k] = cx + A[1][0] * i + A[1][1] * j + A[1][2];
        }
        for (int k = 0; k < n && a->elastic > 0; k++) {
            y[k] += field[p + k];
            x[k] += field[area + p + k];
        }
        find(h, w, n, y, x, &q);
        for (int c = 0; c < shape[0]; c++)
            interpolate(scratch + (size_t)c * bordered, w + 2, n, &q,
                        to + c * area + p);
    }
}
