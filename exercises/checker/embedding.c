/* embedding.c -- exercise 14: the gradient of an embedding's table.
 *
 *   dW[k] = sum of dy[s] over all rows and positions s with x[s] = k
 *
 *   x [B,S] tokens   W, dW [TOKENS,D]   dy [B,S,D]
 */
#include "check.h"

enum { B = 4, S = 3, TOKENS = 6, D = 2, AT = B * S };

enum { RIGHT, LAST, MEAN, OFF_BY_ONE, KEEPS, REPLACES, OUTSIDE, BY_POSITION,
       ONES, MISTAKES };

static const mistake mistakes[] = {
    [LAST] = { "overwrites",
        "only the last position of each token is left.  A token that comes "
        "twice collects from both places: +=." },
    [MEAN] = { "mean",
        "the gradient of a token is divided by how often it comes.  It is the "
        "sum: a frequent token has a larger part in the loss." },
    [OFF_BY_ONE] = { "off-by-one-token",
        "the gradient goes to the row of the token after.  Token k has row k, "
        "from 0." },
    [KEEPS] = { "not-cleared",
        "the sum is added to what was there before, also where p.add is not "
        "set.  Tokens that do not come must get zeros." },
    [REPLACES] = { "ignores-add",
        "where p.add is set, the gradient of this part of the batch belongs "
        "on top of what is there already." },
    [OUTSIDE] = { "outside-the-part",
        "tokens that are not p's get a gradient, too.  Another thread has "
        "those: leave out all but p.unit to p.unit + p.units - 1." },
    [BY_POSITION] = { "position-for-token",
        "the gradient goes to the row of the position, and not to that of the "
        "token that stands there: x[i], not i." },
    [ONES] = { "counts",
        "the row counts how often the token comes.  Each time, it gets "
        "dy[s]: the chain rule." },
};

static void gradient(int how, gradus_part p, const double *x, const double *dy,
                     double *dW)
{
    const int end = p.unit + p.units;
    int often[TOKENS + 1] = { 0 };

    if ((!p.add && how != KEEPS) || how == REPLACES)
        for (int i = p.unit * D; i < end * D; i++)
            dW[i] = 0;
    for (int i = 0; i < AT; i++)
        often[(int)x[i]]++;
    for (int i = 0; i < AT; i++) {
        const int k = (int)x[i];
        int to = how == BY_POSITION ? i % S : k + (how == OFF_BY_ONE);
        if ((to < p.unit || to >= end) && how != OUTSIDE)
            continue;
        for (int d = 0; d < D; d++) {
            double *w = dW + to * D + d;
            *w = (how == LAST ? 0 : *w) +
                 (how == ONES ? 1 : dy[i * D + d]) /
                     (how == MEAN ? often[k] : 1);
        }
    }
}

static void try(sheet *s, gradus_node *n, gradus_part p, const char *when)
{
    const double *before = numbers(TOKENS * D, 3);

    begin_case(when);
    n->param[0].dw = copy_of(before, TOKENS * D);
    n->op->gradient(n, p);
    array *dW = record(s, "dW", 2, (int[]){ TOKENS, D }, before,
                       n->param[0].dw, p.add);
    for (int k = 0; k < s->mistakes; k++)
        gradient(k, p, n->in[0]->y, n->dy, dW->answer[k]);
}

void check_embedding(sheet *s)
{
    const double tokens[AT] = { 1, 4, 1, 0, 2, 4, 4, 0, 1, 2, 1, 0 };
    gradus_graph *g = must(gradus_graph_new(1));
    gradus_node *n = must(gradus_embedding(gradus_input(g, S), TOKENS, D));
    gradus_part p = part_of(n, 0, B);

    s->mistake = mistakes;
    s->mistakes = MISTAKES;
    n->in[0]->y = copy_of(tokens, AT);
    n->dy = numbers(AT * D, 1);
    n->param[0].w = numbers(TOKENS * D, 2);
    try(s, n, p, "4 rows of 3 tokens, all 6 units");
    p.unit = 1;
    p.units = 2;
    try(s, n, p, "the tokens 1 and 2 alone");
    p.add = true;
    try(s, n, p, "the tokens 1 and 2 alone, added");
}
