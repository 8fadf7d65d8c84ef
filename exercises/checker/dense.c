/* dense.c -- exercises 01 and 02: the gradient of a dense layer's parameters,
 * and its backward pass.
 *
 *   dW = dY' X     db = dY' 1     dX += dY W
 *
 *   X, dX [B,IN]   W, dW [OUT,IN]   b, db [OUT]   dY [B,OUT]
 */
#include "check.h"

enum { B = 7, IN = 3, OUT = 4 };

/* A dense layer whose arrays are x, dy and w. */
static gradus_node *dense(double *x, double *dy, double *w)
{
    gradus_graph *g = must(gradus_graph_new(1));
    gradus_node *n = must(gradus_dense(gradus_input(g, IN), OUT));

    n->in[0]->y = x;
    n->dy = dy;
    n->param[0].w = w;
    n->param[1].w = zeros(OUT);
    return n;
}

/* ---- 01: gradient ---------------------------------------------------- */

enum { GRADIENT_RIGHT, TRANSPOSED, KEEPS, REPLACES, LAST_ROW, MEAN, SAME_ROW,
       NO_X, GRADIENT_MISTAKES };

static const mistake of_gradient[] = {
    [TRANSPOSED] = { "transposed",
        "the numbers of dW stand where those of its transpose belong.  The "
        "row o of dW is that of unit o, with one number for each input k." },
    [KEEPS] = { "not-cleared",
        "the sum is added to what was there before, also where p.add is not "
        "set.  Each batch has a gradient of its own, so begin with zeros." },
    [REPLACES] = { "ignores-add",
        "where p.add is set, the gradient of this part of the batch belongs "
        "on top of what is there already." },
    [LAST_ROW] = { "last-row",
        "only the last row of the batch is in it.  Every row has a part in "
        "the gradient: it is a sum, so += where you have =." },
    [MEAN] = { "mean",
        "it is divided by the number of rows.  It is the sum over the rows: "
        "the loss has divided by the batch already, so dY is small." },
    [SAME_ROW] = { "same-row",
        "each row of dY is multiplied by the first row of X.  Row i of dY "
        "belongs to row i of X, so both have to move on." },
    [NO_X] = { "no-input",
        "dY is added up, but not multiplied by X.  W[o,k] is multiplied by "
        "X[i,k] forward, so dY[i,o] X[i,k] is what it gets back." },
};

/* dW and db of the units of p, over the rows of p. */
static void gradient(int how, gradus_part p, const double *X, const double *dY,
                     double *dW, double *db)
{
    const bool keep = how == KEEPS ||
                      (p.add && how != REPLACES && how != LAST_ROW);
    const double scale = how == MEAN ? 1. / p.rows : 1;

    for (int o = p.unit; o < p.unit + p.units; o++) {
        db[o] = keep ? db[o] : 0;
        for (int i = p.row; i < p.row + p.rows; i++)
            db[o] = (how == LAST_ROW ? 0 : db[o]) + scale * dY[i * OUT + o];
        for (int k = 0; k < IN; k++) {
            double *w = how == TRANSPOSED
                            ? dW + p.unit * IN + k * p.units + (o - p.unit)
                            : dW + o * IN + k;
            *w = keep ? *w : 0;
            for (int i = p.row; i < p.row + p.rows; i++) {
                double x = X[(how == SAME_ROW ? p.row : i) * IN + k];
                *w = (how == LAST_ROW ? 0 : *w) +
                     scale * dY[i * OUT + o] * (how == NO_X ? 1 : x);
            }
        }
    }
}

/* Calls the learner's function for the part p. */
static void try_gradient(sheet *s, gradus_node *n, gradus_part p,
                         const char *when)
{
    double *W = numbers(OUT * IN, 3), *b = numbers(OUT, 4);

    begin_case(when);
    n->param[0].dw = copy_of(W, OUT * IN);
    n->param[1].dw = copy_of(b, OUT);
    n->op->gradient(n, p);
    array *dW = record(s, "dW", 2, (int[]){ OUT, IN }, W, n->param[0].dw,
                       p.add);
    array *db = record(s, "db", 1, (int[]){ OUT }, b, n->param[1].dw, p.add);
    for (int k = 0; k < s->mistakes; k++)
        gradient(k, p, n->in[0]->y, n->dy, dW->answer[k], db->answer[k]);
}

void check_dense_gradient(sheet *s)
{
    gradus_node *n = dense(numbers(B * IN, 1), numbers(B * OUT, 2),
                           numbers(OUT * IN, 5));
    gradus_part p = part_of(n, 0, B);

    s->mistake = of_gradient;
    s->mistakes = GRADIENT_MISTAKES;
    try_gradient(s, n, p, "7 rows, all 4 units");
    p = part_of(n, 2, 4);
    p.unit = 1;
    p.units = 2;
    try_gradient(s, n, p, "rows 2 to 5, units 1 and 2");
    p.add = true;
    try_gradient(s, n, p, "rows 2 to 5, units 1 and 2, added");
}

/* ---- 02: backward ---------------------------------------------------- */

enum { BACKWARD_RIGHT, SETS, ADDS, W_TRANSPOSED, LAST_UNIT, NO_W,
       BACKWARD_MISTAKES };

static const mistake of_backward[] = {
    [SETS] = { "overwrites",
        "dX is set where it has to be added to.  Another layer has passed its "
        "gradient back to this X before, and that is lost; += keeps it." },
    [ADDS] = { "adds-to-rubbish",
        "n->first[0] is true, so no other layer has written to dX before: "
        "what it holds means nothing, and must not be added to." },
    [W_TRANSPOSED] = { "transposed",
        "W is read as if it were [in,out].  Unit o has the row o of W: its "
        "weight of input k is W[o * in + k]." },
    [LAST_UNIT] = { "last-unit",
        "only the last unit passes its gradient back.  Input k goes into "
        "every unit, so dX[i,k] is a sum over all units o." },
    [NO_W] = { "no-weights",
        "dY is added up, but not multiplied by W.  Unit o has taken X[i,k] "
        "times W[o,k], and gives dY[i,o] W[o,k] back." },
};

static void backward(int how, gradus_part p, const double *W, const double *dY,
                     bool first, double *dX)
{
    const bool keep = how == ADDS || (!first && how != SETS);

    for (int i = p.row; i < p.row + p.rows; i++)
        for (int k = 0; k < IN; k++) {
            double sum = 0;
            for (int o = 0; o < OUT; o++) {
                double w = how == NO_W           ? 1
                           : how == W_TRANSPOSED ? W[k * OUT + o]
                                                 : W[o * IN + k];
                sum = (how == LAST_UNIT ? 0 : sum) + dY[i * OUT + o] * w;
            }
            dX[i * IN + k] = (keep ? dX[i * IN + k] : 0) + sum;
        }
}

static void try_backward(sheet *s, gradus_node *n, gradus_part p, bool first,
                         const char *when)
{
    double *X = numbers(B * IN, 4);

    begin_case(when);
    n->first[0] = first;
    n->in[0]->dy = copy_of(X, B * IN);
    n->op->backward(n, p);
    array *dX = record(s, "dX", 2, (int[]){ B, IN }, X, n->in[0]->dy, !first);
    for (int k = 0; k < s->mistakes; k++)
        backward(k, p, n->param[0].w, n->dy, first, dX->answer[k]);
}

void check_dense_backward(sheet *s)
{
    gradus_node *n = dense(numbers(B * IN, 1), numbers(B * OUT, 2),
                           numbers(OUT * IN, 3));

    s->mistake = of_backward;
    s->mistakes = BACKWARD_MISTAKES;
    try_backward(s, n, part_of(n, 0, B), true, "7 rows, the first user of X");
    try_backward(s, n, part_of(n, 2, 4), false,
                 "rows 2 to 5, the second user of X");
}
