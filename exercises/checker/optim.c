/* optim.c -- exercises 07, 08 and 15: momentum, Adam's bias correction, and
 * clipping by norm.  Gradients are set by hand, so nothing is fed or
 * computed but the steps. */
#include "check.h"

#include "optim/optimiser.h"

#include <math.h>
#include <string.h>

enum { STEPS = 3 };

static const double lr = 0.5; /* the learning rate */

/* A compiled net of two dense layers, with 2 (2 + 1) + 3 (2 + 1) = 15
 * parameters, of which the first layer has SMALL. */
enum { N = 15, SMALL = 6 };

static gradus_graph *net(void)
{
    gradus_graph *g = must(gradus_graph_new(1));
    gradus_node *h = gradus_dense(gradus_input(g, 2), 2);

    must(gradus_softmax_ce(gradus_dense(h, 3), gradus_labels(g, 1), NULL));
    if (gradus_compile(g, 1, 1))
        must(NULL);
    memcpy(gradus_parameters(g), numbers(N, 1), N * sizeof(double));
    return g;
}

/* Takes a step with the gradients `grad` [N], and sets d [N] to the direction
 * (theta before - theta after) / lr: NaN if the step is refused. */
static void step(gradus_graph *g, gradus_optimiser *o, const double *grad,
                 double *d)
{
    const double *theta = copy_of(gradus_parameters(g), N);

    memcpy(gradus_gradients(g), grad, N * sizeof *grad);
    const int status = gradus_step(o);
    for (int i = 0; i < N; i++)
        d[i] = status ? NAN : (theta[i] - gradus_parameters(g)[i]) / lr;
}

/* Takes STEPS steps, and puts the directions onto the sheet. */
static array *record_steps(sheet *s, gradus_graph *g, gradus_optimiser *o,
                           const double *grad)
{
    double *d = zeros(STEPS * N);

    for (int t = 0; t < STEPS; t++)
        step(g, o, grad + t * N, d + t * N);
    return record(s, "d", 2, (int[]){ STEPS, N }, zeros(STEPS * N), d, false);
}

/* ---- 07: momentum ---------------------------------------------------- */

enum { V_RIGHT, FORGETS, MEAN, NO_NESTEROV, ALWAYS_NESTEROV, NO_DECAY,
       DECAY_ONLY_V, MU_OF_G, MU_OF_ALL, NESTEROV_NO_DECAY, V_MISTAKES };

static const mistake of_v[] = {
    [FORGETS] = { "forgets",
        "each step goes along its own gradient alone, so nothing is "
        "remembered: v = mu v + g has to be stored in v[i] for the next "
        "step." },
    [MEAN] = { "running-mean",
        "v is a running mean, mu v + (1 - mu) g.  Here g counts whole, as in "
        "PyTorch's SGD: v = mu v + g." },
    [NO_NESTEROV] = { "no-nesterov",
        "where nesterov is set, d is g + mu v, with the v of this step." },
    [ALWAYS_NESTEROV] = { "always-nesterov",
        "d is g + mu v, but is to be v where nesterov is not set." },
    [NO_DECAY] = { "no-decay",
        "the weight decay is missing: lambda theta is added to the gradient, "
        "before v takes it up." },
    [DECAY_ONLY_V] = { "decay-behind-v",
        "lambda theta is added to d alone.  Coupled weight decay is a part of "
        "the gradient, so v remembers it, too." },
    [MU_OF_G] = { "mu-of-gradient",
        "mu multiplies g, and must multiply the old v." },
    [MU_OF_ALL] = { "mu-of-all",
        "mu multiplies v + g.  The new gradient counts whole." },
    [NESTEROV_NO_DECAY] = { "nesterov-without-decay",
        "where nesterov is set, d is g + mu v with the g that has lambda "
        "theta in it." },
};

static void momentum(int how, const double *grad, double mu, double lambda,
                     bool nesterov, double *d)
{
    double *theta = numbers(N, 1), *v = zeros(N);

    nesterov = (nesterov || how == ALWAYS_NESTEROV) && how != NO_NESTEROV;
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < N; i++, d++) {
            double decay = how == NO_DECAY ? 0 : lambda * theta[i];
            double g = grad[t * N + i] + (how == DECAY_ONLY_V ? 0 : decay);
            double w = how == MEAN        ? mu * v[i] + (1 - mu) * g
                       : how == MU_OF_G   ? v[i] + mu * g
                       : how == MU_OF_ALL ? mu * (v[i] + g)
                       : how == FORGETS   ? g
                                          : mu * v[i] + g;
            v[i] = w;
            *d = (nesterov ? g + mu * w : w) +
                 (how == DECAY_ONLY_V ? decay : 0) -
                 (how == NESTEROV_NO_DECAY && nesterov ? decay : 0);
            theta[i] -= lr * *d;
        }
}

static void try_momentum(sheet *s, double mu, double lambda, bool nesterov,
                         const char *when)
{
    const double *grad = numbers(STEPS * N, 2);
    gradus_graph *g = net();

    begin_case(when);
    array *a = record_steps(
        s, g, must(gradus_sgd(g, &(gradus_sgd_options){
                   .learning_rate = lr, .momentum = mu,
                   .weight_decay = lambda, .nesterov = nesterov })), grad);
    for (int k = 0; k < s->mistakes; k++)
        momentum(k, grad, mu, lambda, nesterov, a->answer[k]);
}

void check_momentum(sheet *s)
{
    s->mistake = of_v;
    s->mistakes = V_MISTAKES;
    try_momentum(s, 0.75, 0, false, "3 steps, mu = 0.75");
    try_momentum(s, 0.75, 0, true, "3 steps, Nesterov's");
    try_momentum(s, 0.75, 0.1, false, "3 steps with weight decay");
    try_momentum(s, 0.75, 0.1, true, "3 steps, Nesterov's, with weight decay");
}

/* ---- 08: Adam's bias correction --------------------------------------- */

enum { BIAS_RIGHT, NONE, ONLY_M, ONLY_V, T_FROM_0, T_PLUS_1, MULTIPLIED,
       EXCHANGED, TIMES_T, NO_POWER, T_TO_BETA, ROOT, BIAS_MISTAKES };

static const mistake of_bias[] = {
    [NONE] = { "not-corrected",
        "m and v are used as they are.  Both start at 0, so after one step m "
        "is only (1 - beta1) g: divide by 1 - beta1^t." },
    [ONLY_M] = { "second-not-corrected",
        "m is corrected, but v is not: v_scale is 1 / (1 - beta2^t)." },
    [ONLY_V] = { "first-not-corrected",
        "v is corrected, but m is not: m_scale is 1 / (1 - beta1^t)." },
    [T_FROM_0] = { "steps-from-0",
        "t is one too small.  It is 1 in the first step; with 0, 1 - beta^0 "
        "is 0, and is divided by." },
    [T_PLUS_1] = { "steps-from-2",
        "t is one too large: o->steps is 1 already in the first step." },
    [MULTIPLIED] = { "multiplied",
        "m and v are multiplied by 1 - beta^t, and have to be divided by it: "
        "they are too small at first, not too large." },
    [EXCHANGED] = { "exchanged",
        "beta1 and beta2 are exchanged.  m has beta1, v has beta2." },
    [TIMES_T] = { "times-t",
        "beta t is computed, and must be beta^t: pow(beta, t)." },
    [NO_POWER] = { "no-power",
        "1 - beta is the same in every step.  The correction fades with beta "
        "to the power of t." },
    [T_TO_BETA] = { "arguments-exchanged",
        "pow(t, beta) is t to the power of beta.  The base comes first: "
        "beta^t is pow(beta, t)." },
    [ROOT] = { "root-taken-twice",
        "v_scale is 1 / sqrt(1 - beta2^t).  `direction` takes the root of "
        "v_scale v as a whole, so take none here." },
};

/* The bias correction of m or, if `second`, of v in step t, from 1. */
static double correction(int how, double t, double beta, bool second)
{
    t += (how == T_PLUS_1) - (how == T_FROM_0);
    const double power = how == TIMES_T     ? beta * t
                         : how == NO_POWER  ? beta
                         : how == T_TO_BETA ? pow(t, beta)
                                            : pow(beta, t);
    const double lacks = how == ROOT && second ? sqrt(1 - power) : 1 - power;

    if (how == NONE || how == (second ? ONLY_M : ONLY_V))
        return 1;
    return how == MULTIPLIED ? lacks : 1 / lacks;
}

/* What adam.c keeps of an Adam; `begin` is all that sets the last two. */
typedef struct {
    gradus_adam_options o;
    bool decoupled;
    gradus_real m_scale, v_scale;
} own_of_adam;

/* The corrections themselves are looked at, and not the steps: a step in which
 * one of them is wrong may be NaN, whatever has made it so. */
void check_adam(sheet *s)
{
    const gradus_adam_options options = { .learning_rate = lr, .beta1 = 0.8,
                                          .beta2 = 0.6 };
    const double beta[] = { options.beta1, options.beta2 };
    gradus_optimiser *o = must(gradus_adam(net(), &options));
    const own_of_adam *own = o->own;
    double got[2 * STEPS];

    s->mistake = of_bias;
    s->mistakes = BIAS_MISTAKES;
    begin_case("m_scale and v_scale in 3 steps, beta1 = 0.8, beta2 = 0.6");
    for (int t = 0; t < STEPS; t++) {
        o->steps++;
        o->rule->begin(o);
        got[2 * t] = own->m_scale;
        got[2 * t + 1] = own->v_scale;
    }
    array *a = record(s, "scale", 2, (int[]){ STEPS, 2 }, zeros(2 * STEPS),
                      got, false);
    for (int k = 0; k < s->mistakes; k++)
        for (int i = 0; i < 2 * STEPS; i++)
            a->answer[k][i] = correction(
                k, 1 + i / 2, beta[(i + (k == EXCHANGED)) % 2], i % 2);
}

/* ---- 15: clipping by norm --------------------------------------------- */

enum { CLIP_RIGHT, NO_ROOT, ENLARGES, NOT_CLEARED, NO_EPSILON, INVERTED,
       FIRST_TILE, NORM_OF_OFF, ALL_CLIPPED, CLIP_MISTAKES };

static const mistake of_clip[] = {
    [NO_ROOT] = { "no-root",
        "the norm is the square root of the sum of squares, and the root is "
        "missing." },
    [ENLARGES] = { "enlarges",
        "gradients that are shorter than max_norm are made longer.  The "
        "factor is at most 1: fmin(1, ..)." },
    [NOT_CLEARED] = { "not-cleared",
        "the sums of squares are not set to 0 for the next step, so its norm "
        "has those of this step in it." },
    [NO_EPSILON] = { "no-epsilon",
        "the 1e-6 beside the norm is missing; without it a gradient of zeros "
        "would be divided by 0." },
    [INVERTED] = { "inverted",
        "the fraction stands on its head: a gradient that is twice as long as "
        "max_norm is multiplied by 1/2, and that is max_norm / norm." },
    [FIRST_TILE] = { "first-tile",
        "only the first tile's sum counts.  The norm is that of all "
        "parameters together, so add up all tiles." },
    [NORM_OF_OFF] = { "norm-when-off",
        "a max_norm of 0 switches clipping by norm off.  Nothing was "
        "measured, so the norm is NAN, not 0." },
    [ALL_CLIPPED] = { "clips-when-off",
        "a max_norm of 0 switches clipping by norm off: the norm is NAN then, "
        "and the factor 1." },
};

/* What one step makes of the gradients g [N]; *left is what earlier steps have
 * left in the sums of squares. */
static void clip(int how, double max_norm, double max_value, double *left,
                 double *g, double *norm)
{
    const bool on = max_norm > 0;
    double sum = how == NOT_CLEARED ? *left : 0, scale;

    for (int i = 0; i < N && max_value > 0; i++)
        g[i] = fmax(-max_value, fmin(max_value, g[i]));
    for (int i = 0; i < (how == FIRST_TILE ? SMALL : N) && on; i++)
        sum += g[i] * g[i];
    *left = sum;
    *norm = how == NO_ROOT ? sum : sqrt(sum);
    scale = how == INVERTED     ? *norm / max_norm
            : how == NO_EPSILON ? max_norm / *norm
                                : max_norm / (*norm + 1e-6);
    scale = how == ENLARGES ? scale : fmin(1, scale);
    if (!on && how != ALL_CLIPPED && how != NORM_OF_OFF)
        *norm = NAN;
    if (!on && how != ALL_CLIPPED)
        scale = how == ENLARGES ? NAN : 1;
    for (int i = 0; i < N; i++)
        g[i] *= scale;
}

/* The second of three steps has a short gradient. */
static void try_clip(sheet *s, double max_norm, double max_value,
                     const char *when)
{
    const gradus_sgd_options o = { .learning_rate = lr };
    gradus_graph *g = net();
    gradus_optimiser *sgd = must(gradus_sgd(g, &o));
    double *grad = numbers(STEPS * N, 2), *got = zeros(STEPS * N);
    const double unset[STEPS] = { NAN, NAN, NAN };
    double norm[STEPS];

    begin_case(when);
    for (int i = N; i < 2 * N; i++)
        grad[i] /= 16;
    if (gradus_set_clip(sgd, max_norm, max_value))
        must(NULL);
    for (int t = 0; t < STEPS; t++) {
        step(g, sgd, grad + t * N, zeros(N));
        memcpy(got + t * N, gradus_gradients(g), N * sizeof *got);
        norm[t] = gradus_clip_norm(sgd);
    }
    array *n = record(s, "norm", 1, (int[]){ STEPS }, unset, norm, false);
    array *a = record(s, "g", 2, (int[]){ STEPS, N }, zeros(STEPS * N), got,
                      false);
    for (int k = 0; k < s->mistakes; k++) {
        double left = 0;
        memcpy(a->answer[k], grad, STEPS * N * sizeof *grad);
        for (int t = 0; t < STEPS; t++)
            clip(k, max_norm, max_value, &left, a->answer[k] + t * N,
                 n->answer[k] + t);
    }
}

void check_clip(sheet *s)
{
    s->mistake = of_clip;
    s->mistakes = CLIP_MISTAKES;
    try_clip(s, 2, 0, "3 steps, max_norm = 2");
    try_clip(s, INFINITY, 0, "3 steps, max_norm = INFINITY");
    try_clip(s, 0, 0.5, "3 steps, max_norm = 0, max_value = 0.5");
}
