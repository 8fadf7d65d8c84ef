/* schedule.c -- learning rate schedules: the learning rate as a function of
 * the number of the step, which counts from 0.
 *
 *   step         lr factor^floor(step / every)
 *   exponential  lr factor^step
 *   cosine       low + (lr - low) (1 + cos(pi step / steps)) / 2
 *   warmup       lr min(1, (step + 1) / warm)
 *   one cycle    a cosine up from high/start to high, then one down to
 *                high/start/end
 *
 * Cosine: Loshchilov, Hutter: SGDR (2017), without restarts.  Warmup: Goyal et
 * al.: Accurate, large minibatch SGD (2017).  One cycle: Smith, Topin:
 * Super-convergence (2018), in the form of PyTorch's OneCycleLR.
 */
#include "gradus.h"

#include <math.h>

double gradus_lr_step(double lr, uint64_t step, uint64_t every, double factor)
{
    return every ? lr * pow(factor, (double)(step / every)) : NAN; /* (O16) */
}

double gradus_lr_exponential(double lr, uint64_t step, double factor)
{
    return lr * pow(factor, (double)step); /* (O17) */
}

/* Goes from a, where `along` is 0, to b, where it is 1, by half a period of a
 * cosine, which is level at both ends. */
static double ease(double a, double b, double along)
{
    static const double pi = 3.14159265358979323846;

    return b + (a - b) * (1 + cos(pi * along)) / 2; /* (O18) */
}

double gradus_lr_cosine(double lr, uint64_t step, uint64_t steps, double low)
{
    if (steps == 0)
        return NAN;
    return step < steps ? ease(lr, low, (double)step / (double)steps) : low;
}

double gradus_lr_warmup(double lr, uint64_t step, uint64_t warm)
{
    return step < warm ? lr * ((double)(step + 1) / (double)warm)
                       : lr; /* (O19) */
}

/* The rate rises until the step `peak`, the end of the part `rising` of all
 * steps, and then falls until the step `last`. */
double gradus_lr_one_cycle(double high, uint64_t step, uint64_t steps,
                           double rising, double start, double end)
{
    double low = high / (start ? start : 25);
    double last = (double)steps - 1, now = (double)step;
    double peak = (rising ? rising : 0.3) * (double)steps - 1;

    if (!(steps > 0 && rising >= 0 && rising < 1))
        return NAN;
    if (now < peak)
        return ease(low, high, now / peak); /* (O20) */
    low /= end ? end : 1e4;
    peak = fmax(peak, 0);
    return now < last ? ease(high, low, (now - peak) / (last - peak)) : low;
}
