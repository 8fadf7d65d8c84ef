/* relu.c -- exercise 03: the backward pass of the ReLU.
 *
 *   dx += dy where x > 0         x, dx, dy [B,SIZE]
 */
#include "check.h"

enum { B = 3, SIZE = 5, N = B * SIZE };

enum { RIGHT, INVERTED, NO_MASK, AT_ZERO, TIMES_Y, TIMES_X, NO_DY, BY_DY,
       ZEROS_NOT_SET, SETS, ADDS, MISTAKES };

static const mistake mistakes[] = {
    [INVERTED] = { "mask-inverted",
        "dy passes where x is 0 or below, and is held back where x is above "
        "0.  It is the other way round." },
    [NO_MASK] = { "no-mask",
        "dy passes everywhere.  Where x is below 0, y is 0 however x moves a "
        "little, so nothing passes back." },
    [AT_ZERO] = { "passes-at-zero",
        "dy passes where x is exactly 0, too.  There the library, as PyTorch, "
        "takes the derivative to be 0: > and not >=." },
    [TIMES_Y] = { "times-y",
        "dy is multiplied by y.  The derivative of y = x is 1, not y." },
    [TIMES_X] = { "times-x",
        "dy is multiplied by x.  The derivative of max(0, x) is not x, but 1 "
        "where x is above 0, and 0 where it is below." },
    [NO_DY] = { "no-dy",
        "the derivative, 0 or 1, is passed back by itself.  The chain rule "
        "multiplies it by dy." },
    [BY_DY] = { "mask-of-dy",
        "the sign of dy decides on what passes.  It is the sign of x, or of "
        "y, that does; dy may have any sign." },
    [ZEROS_NOT_SET] = { "zeros-not-set",
        "where x is not above 0, dx is left as it was.  Where r.set is true, "
        "what it holds means nothing: pass 0 back there." },
    [SETS] = { "overwrites",
        "dx is set where it has to be added to (r.set is false): another "
        "layer has passed its gradient back before.  gradus_pass does it." },
    [ADDS] = { "adds-to-rubbish",
        "r.set is true, so what dx holds means nothing, and must not be added "
        "to.  gradus_pass does it." },
};

static void backward(int how, const double *x, const double *dy, bool set,
                     double *dx)
{
    const bool keep = how == ADDS || (!set && how != SETS);

    for (int i = 0; i < N; i++) {
        bool on = how == BY_DY     ? dy[i] > 0
                  : how == AT_ZERO ? x[i] >= 0
                                   : x[i] > 0;
        double y = x[i] > 0 ? x[i] : 0;
        double d = how == TIMES_Y   ? y * dy[i]
                   : how == TIMES_X ? x[i] * dy[i]
                   : how == NO_DY   ? 1
                                    : dy[i];
        on = how == NO_MASK || how == TIMES_X || on != (how == INVERTED);
        if (on || how != ZEROS_NOT_SET)
            dx[i] = (keep ? dx[i] : 0) + (on ? d : 0);
    }
}

static void try(sheet *s, gradus_node *n, bool set, const char *when)
{
    double *before = numbers(N, 3);

    begin_case(when);
    n->first[0] = set;
    n->in[0]->dy = copy_of(before, N);
    n->op->backward(n, part_of(n, 0, B));
    array *dx = record(s, "dx", 2, (int[]){ B, SIZE }, before, n->in[0]->dy,
                       !set);
    for (int k = 0; k < s->mistakes; k++)
        backward(k, n->in[0]->y, n->dy, set, dx->answer[k]);
}

void check_relu(sheet *s)
{
    gradus_graph *g = must(gradus_graph_new(1));
    gradus_node *n = must(gradus_relu(gradus_input(g, SIZE)));

    s->mistake = mistakes;
    s->mistakes = MISTAKES;
    n->in[0]->y = numbers(N, 1);
    n->in[0]->y[2] = n->in[0]->y[9] = 0;
    n->dy = numbers(N, 2);
    n->y = zeros(N);
    for (int i = 0; i < N; i++)
        n->y[i] = n->in[0]->y[i] > 0 ? n->in[0]->y[i] : 0;
    try(s, n, true, "the first user of x");
    try(s, n, false, "the second user of x");
}
