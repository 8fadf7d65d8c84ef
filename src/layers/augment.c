/* augment.c -- data augmentation: random changes of images by shift, rotation,
 * scale, flip, and elastic distortion.
 *
 * The value of the new image at pixel p is that of the old image at the point
 *
 *   q = c + A (p - c) + shift + d(p)        A = rotation / scale, flipped
 *
 * found by bilinear interpolation.  Points are (line, column), in pixels; c is
 * the centre of the image.  d is the displacement field of Simard, Steinkraus,
 * Platt: Best practices for convolutional neural networks (2003): uniform
 * random numbers in [-1,1), multiplied by alpha, and smoothed by a Gaussian of
 * standard deviation sigma, which is cut off at 3 sigma.
 */
#include "layers/augment.h"

#include <math.h>

static const double pi = 3.14159265358979323846;
enum { MOST_SIGMA = 64 }; /* the largest sigma allowed, in pixels */

const char *gradus_augment_fault(const gradus_augment_options *a)
{
    const double all[] = { a->shift, a->rotate, a->elastic, a->sigma };

    for (int i = 0; i < 4; i++)
        if (!(all[i] >= 0 && all[i] <= 1e6))
            return "shift, rotate, elastic and sigma must be 0 to a million";
    if (!(a->scale >= 0 && a->scale < 1))
        return "scale must be at least 0 and below 1";
    if (a->sigma != 0 && (a->sigma < 0.1 || a->sigma > MOST_SIGMA))
        return "sigma must be 0 (for the default) or 0.1 to 64";
    return NULL;
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

/* Returns the value of one channel v [h,w] at the point (y,x), in pixels, by
 * bilinear interpolation between four neighbours.  One that is not in the
 * image has the value `outside`. */
static gradus_real value_at(const gradus_real *v, int h, int w, double y,
                            double x, gradus_real outside)
{
    if (!(y > -1 && x > -1 && y < h && x < w))
        return outside;

    const int i = (int)floor(y), j = (int)floor(x);
    const double down = y - i, up = 1 - down, right = x - j, left = 1 - right;
    const int at = i * w + j;
    double sum = 0;

    if (i >= 0 && j >= 0 && i + 1 < h && j + 1 < w) {
        sum += up * left * v[at];
        sum += up * right * v[at + 1];
        sum += down * left * v[at + w];
        sum += down * right * v[at + w + 1];
        return (gradus_real)sum;
    }
    sum += up * left * (i >= 0 && j >= 0 ? v[at] : outside);
    sum += up * right * (i >= 0 && j + 1 < w ? v[at + 1] : outside);
    sum += down * left * (i + 1 < h && j >= 0 ? v[at + w] : outside);
    sum += down * right * (i + 1 < h && j + 1 < w ? v[at + w + 1] : outside);
    return (gradus_real)sum;
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

void gradus_augment_image(const gradus_augment_options *a, gradus_random *r,
                          const int shape[3], const gradus_real *from,
                          const gradus_real *outside, gradus_real *to,
                          gradus_real *field)
{
    const int h = shape[1], w = shape[2], area = h * w;
    const double cy = (h - 1) / 2.0, cx = (w - 1) / 2.0;
    double A[2][3];

    random_map(a, r, A);
    if (a->elastic > 0)
        for (int k = 0; k < 2; k++)
            make_field(a, r, h, w, field + k * area, field + 2 * area);
    for (int p = 0; p < area; p++) {
        const int line = p / w;
        const double i = line - cy, j = p - line * w - cx;
        double y = cy + A[0][0] * i + A[0][1] * j + A[0][2];
        double x = cx + A[1][0] * i + A[1][1] * j + A[1][2];
        if (a->elastic > 0) {
            y += field[p];
            x += field[area + p];
        }
        for (int c = 0; c < shape[0]; c++)
            to[c * area + p] = value_at(from + c * area, h, w, y, x,
                                        outside[c]);
    }
}
