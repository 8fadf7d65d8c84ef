/* clip.c -- gradient clipping: keeps gradients within bounds before a step,
 * first each number by its value, and then all together by their norm.
 *
 *   g = min(max(g, -max_value), max_value)
 *   g = g min(1, max_norm / (|g| + 1e-6))
 *
 * |g| is the Euclidean norm over all parameters of nodes that are not frozen.
 * Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural
 * networks (2013); the 1e-6 is PyTorch's (clip_grad_norm_).
 */
#include "base/error.h"
#include "graph/graph.h"
#include "optim/optimiser.h"

#include <math.h>

/* The number of running sums, enough to fill vectors of any width. */
enum { LANES = 16 };

/* With a max_norm of INFINITY the norm is measured, but nothing is clipped by
 * it. */
int gradus_set_clip(gradus_optimiser *o, double max_norm, double max_value)
{
    if (!o)
        return gradus_error_set("gradus_set_clip: the optimiser is NULL");
    if (!(max_norm >= 0))
        return gradus_error_set("gradus_set_clip: max_norm is %g; must be 0 "
                                "(off) or above", max_norm);
    if (max_value != 0 && !(max_value <= 1e30 && (gradus_real)max_value > 0))
        return gradus_error_set("gradus_set_clip: max_value is %g; must be 0 "
                                "(off), or above 0, also when rounded to a "
                                "gradus_real, and at most 1e30", max_value);
    o->max_norm = max_norm;
    o->max_value = max_value;
    return 0;
}

double gradus_clip_norm(const gradus_optimiser *o)
{
    return o ? o->norm : NAN;
}

/* Clips each number of g [n] to the range from -most to most (O14). */
static void clip_values(gradus_real *g, size_t n, gradus_real most)
{
    for (size_t i = 0; i < n; i++) {
        gradus_real v = g[i] > most ? most : g[i];
        g[i] = v < -most ? -most : v;
    }
}

/* Returns the sum of the squares of g [n], in double. */
static double sum_squares(const gradus_real *g, size_t n)
{
    double lane[LANES] = { 0 }, sum = 0;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (double)g[i + k] * (double)g[i + k];
    for (; i < n; i++)
        sum += (double)g[i] * (double)g[i];
    for (size_t k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

/* Each tile has a sum of squares of its own, so that the rounding of |g| does
 * not depend on which thread took which tile. */
void gradus_clip_part(gradus_optimiser *o, int tile, size_t from, size_t n)
{
    gradus_real *g = o->graph->grad + from;

    if (o->max_value > 0)
        clip_values(g, n, (gradus_real)o->max_value);
    if (o->max_norm > 0)
        o->square[tile] += sum_squares(g, n);
}

void gradus_clip_sum(gradus_optimiser *o)
{
    double sum = 0;

    for (int i = 0; i < o->graph->tiles; i++) {
        sum += o->square[i];
        o->square[i] = 0;
    }
    o->norm = o->max_norm > 0 ? sqrt(sum) : NAN;
    /* (O15); the factor is 1 where the norm is NAN. */
    o->clip_scale = fmin(1, o->max_norm / (o->norm + 1e-6));
}

void gradus_clip_scale(const gradus_optimiser *o, gradus_real *g, size_t n)
{
    const gradus_real scale = (gradus_real)o->clip_scale;

    if (scale == 1)
        return;
    for (size_t i = 0; i < n; i++)
        g[i] *= scale;
}
