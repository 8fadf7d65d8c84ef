/* pool.c -- exercise 10: the backward pass of max pooling, 2 x 2 with a stride
 * of 2.
 *
 *   dx[2i + u, 2j + v] += dy[i,j]      for the first (u,v), line by line, at
 *                                      which x is the maximum y[i,j]
 *
 *   x, dx [C,H,W]   y, dy [C,H/2,W/2]
 */
#include "check.h"

#include <math.h>

enum { C = 2, H = 8, W = 6, N = C * H * W };

enum { RIGHT, LAST, ALL_EQUAL, SHARED, EVERYWHERE, CORNER, MINIMUM, EXCHANGED,
       COLUMNS_FIRST, NO_DY, TIMES_Y, ZEROS_NOT_SET, SETS, ADDS, MISTAKES };

static const mistake mistakes[] = {
    [LAST] = { "last-of-equals",
        "where two numbers are the maximum, the last of them gets dy.  The "
        "library gives it to the first, line by line." },
    [ALL_EQUAL] = { "all-equals",
        "where two numbers are the maximum, both get dy, and more is passed "
        "back than came.  Only the first, line by line, gets it." },
    [SHARED] = { "shared",
        "each number of the window gets a quarter of dy.  That is average "
        "pooling: here all of dy goes to the maximum." },
    [EVERYWHERE] = { "everywhere",
        "each number of the window gets dy.  Only the maximum had a part in "
        "y, so only that one gets it." },
    [CORNER] = { "corner",
        "the first number of each window gets dy, whichever is the "
        "maximum." },
    [MINIMUM] = { "minimum",
        "a number below the maximum gets dy.  Look at which way < points." },
    [EXCHANGED] = { "lines-and-columns",
        "the number to the right and the one below are exchanged.  A window "
        "is x[2j], x[2j + 1], and below them z[2j], z[2j + 1]." },
    [COLUMNS_FIRST] = { "columns-first",
        "look at equal numbers.  Where the number to the right and the one "
        "below are both the maximum, the one below gets dy.  The first, line "
        "by line, is the one to the right: x[2j + 1] comes before z[2j]." },
    [NO_DY] = { "no-dy",
        "the maximum gets 1.  It gets dy[j]: the chain rule." },
    [TIMES_Y] = { "times-y",
        "dy is multiplied by the maximum.  y is the maximum itself, and the "
        "derivative of y = x is 1." },
    [ZEROS_NOT_SET] = { "zeros-not-set",
        "where `set` is true, only the maximum is set.  All four numbers have "
        "to be: what the other three held before means nothing, and must "
        "become 0." },
    [SETS] = { "overwrites",
        "where `set` is false, dx and dz are added to: another layer has "
        "passed its gradient back before." },
    [ADDS] = { "adds-to-rubbish",
        "where `set` is true, what dx and dz hold means nothing; each of the "
        "four numbers is set, to 0 where nothing passes." },
};

/* Which of the four numbers of the window w gets all of dy? */
static int winner(int how, const double *w, double y)
{
    const int turned[] = { 0, 2, 1, 3 }; /* down before right */
    const bool turns = how == EXCHANGED || how == COLUMNS_FIRST;
    int first = 0, last = 3, low = 0;

    while (w[turns ? turned[first] : first] < y)
        first++;
    while (w[last] < y)
        last--;
    while (low < 3 && !(w[low] < y))
        low++;
    return how == LAST            ? last
           : how == CORNER        ? 0
           : how == MINIMUM       ? low
           : how == COLUMNS_FIRST ? turned[first]
                                  : first;
}

static void backward(int how, const double *x, const double *y,
                     const double *dy, bool set, double *dx)
{
    const bool keep = how == ADDS || (!set && how != SETS);

    for (int at = 0; at < N / 4; at++) {
        const int j = at % (W / 2), line = at / (W / 2); /* of all channels */
        const int from = 2 * line * W + 2 * j;
        const int to[] = { from, from + 1, from + W, from + W + 1 };
        const double w[] = { x[to[0]], x[to[1]], x[to[2]], x[to[3]] };
        for (int k = 0; k < 4; k++) {
            double part = how == ALL_EQUAL    ? w[k] == y[at]
                          : how == SHARED     ? 0.25
                          : how == EVERYWHERE ? 1
                                              : k == winner(how, w, y[at]);
            double d = how == NO_DY     ? 1
                       : how == TIMES_Y ? y[at] * dy[at]
                                        : dy[at];
            if (how != ZEROS_NOT_SET || part > 0)
                dx[to[k]] = (keep ? dx[to[k]] : 0) + part * d;
        }
    }
}

static void try(sheet *s, gradus_node *n, bool set, const char *when)
{
    const double *before = numbers(N, 3);

    begin_case(when);
    n->first[0] = set;
    n->in[0]->dy = copy_of(before, N);
    n->op->backward(n, part_of(n, 0, 1));
    array *dx = record(s, "dx", 3, (int[]){ C, H, W }, before, n->in[0]->dy,
                       !set);
    for (int k = 0; k < s->mistakes; k++)
        backward(k, n->in[0]->y, n->y, n->dy, set, dx->answer[k]);
}

/* The numbers of x are 0 to 4, so that many windows have equal maxima.  In
 * every fourth, the number to the right and the one below are both 5. */
void check_maxpool(sheet *s)
{
    gradus_graph *g = must(gradus_graph_new(1));
    gradus_node *n = must(gradus_maxpool2d(gradus_image(g, C, H, W), 2, NULL));
    double *x = numbers(N, 1);

    s->mistake = mistakes;
    s->mistakes = MISTAKES;
    n->in[0]->y = x;
    n->y = zeros(N / 4);
    n->dy = numbers(N / 4, 2);
    for (int i = 0; i < N; i++)
        x[i] = ceil(x[i] + 2);
    for (int at = 0; at < N / 4; at++) {
        double *w = x + at / (W / 2) * 2 * W + at % (W / 2) * 2;
        if (at % 4 == 1)
            w[1] = w[W] = 5;
        n->y[at] = fmax(fmax(w[0], w[1]), fmax(w[W], w[W + 1]));
    }
    try(s, n, true, "the first user of x");
    try(s, n, false, "the second user of x");
}
