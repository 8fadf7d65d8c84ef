/* dropout.c -- exercise 09: dropout, forward and back.
 *
 *   y = x m / (1 - p)     dx += dy m / (1 - p)        x, y, m [B,SIZE]
 *
 * m is 0 where the next number of the random stream of the row, of 32 bits, is
 * below p 2^32, and 1 elsewhere.
 */
#include "check.h"

enum { B = 3, SIZE = 6, N = B * SIZE };

static const double p_drop = 0.375;

enum { RIGHT, NOT_SCALED, SCALED_DOWN, INVERTED, NOT_DROPPED, KEPT,
       ZEROS_NOT_SET, SETS, ADDS, MISTAKES };

static const mistake mistakes[] = {
    [NOT_SCALED] = { "not-scaled",
        "what is kept is not divided by 1 - p.  The mean of y would be "
        "(1 - p) x, and inference, where nothing is dropped, would see larger "
        "numbers than training did." },
    [SCALED_DOWN] = { "scaled-down",
        "what is kept is multiplied by 1 - p, and has to be divided by it: "
        "fewer numbers have to make up the same sum." },
    [INVERTED] = { "mask-inverted",
        "what has to be kept is dropped, and the other way round.  A number "
        "below `least` comes with probability p: that one is dropped." },
    [NOT_DROPPED] = { "not-dropped",
        "nothing is set to 0: all are scaled up." },
    [KEPT] = { "kept",
        "where m is 0, x is passed on.  It has to be 0 there." },
    [ZEROS_NOT_SET] = { "zeros-not-set",
        "where m is 0, `to` is left as it was.  Without `add`, what it holds "
        "means nothing: set it to 0 there." },
    [SETS] = { "overwrites",
        "with `add`, the result is added to what is there: another layer has "
        "passed its gradient back to the same dx before." },
    [ADDS] = { "adds-to-rubbish",
        "without `add`, what was there means nothing, and is replaced." },
};

static void mask(int how, const double *m, bool add, const double *from,
                 double *to)
{
    const double scale = how == NOT_SCALED    ? 1
                         : how == SCALED_DOWN ? 1 - p_drop
                                              : 1 / (1 - p_drop);
    const bool keep = how == ADDS || (add && how != SETS);

    for (int i = 0; i < N; i++) {
        bool on = how == NOT_DROPPED || (m[i] == 1) != (how == INVERTED);
        double v = on ? scale * from[i] : how == KEPT ? from[i] : 0;
        if (on || how != ZEROS_NOT_SET)
            to[i] = (keep ? to[i] : 0) + v;
    }
}

/* The mask, from the random numbers as the head of dropout.c describes them:
 * in the first backward pass, for the node with this id. */
static double *masks(uint64_t seed, int id)
{
    double *m = zeros(N);
    gradus_random random;

    for (int i = 0; i < N; i++) {
        if (i % SIZE == 0)
            gradus_random_init(&random, seed, 0x10000 + (uint32_t)id,
                               (uint64_t)(i / SIZE));
        m[i] = gradus_random_u32(&random) >= p_drop * 0x1p32;
    }
    return m;
}

void check_dropout(sheet *s)
{
    gradus_graph *g = must(gradus_graph_new(1));
    gradus_node *n = must(gradus_dropout(gradus_input(g, SIZE), p_drop));
    const gradus_part p = part_of(n, 0, B);
    const double *m = masks(p.batch->seed, n->id), *before = numbers(N, 3);

    s->mistake = mistakes;
    s->mistakes = MISTAKES;
    begin_case("forward, p = 0.375");
    n->in[0]->y = numbers(N, 1);
    n->y = copy_of(before, N);
    n->op->forward(n, p);
    array *y = record(s, "y", 2, (int[]){ B, SIZE }, before, n->y, false);
    for (int k = 0; k < s->mistakes; k++)
        mask(k, m, false, n->in[0]->y, y->answer[k]);
    for (int add = 0; add < 2; add++) {
        begin_case(add ? "back, the second user of x"
                       : "back, the first user of x");
        n->first[0] = !add;
        n->dy = numbers(N, 2);
        n->in[0]->dy = copy_of(before, N);
        n->op->backward(n, p);
        array *dx = record(s, "dx", 2, (int[]){ B, SIZE }, before,
                           n->in[0]->dy, add);
        for (int k = 0; k < s->mistakes; k++)
            mask(k, m, add, n->dy, dx->answer[k]);
    }
}
