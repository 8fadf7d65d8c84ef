/* shares.c -- exercise 16: the sum of the shares that the slices of a batch
 * have in the gradient of a parameter.
 *
 *   dw = sum of the shares of all slices
 *
 * A layer of the check's own contributes a share that is easy to know: in
 * slice number i, the sum of its dy, times the pattern below.  A batch of more
 * than 128 rows comes in pieces, and the function is called for each piece,
 * which has up to two slices.  The parameter is so large that it is cut into
 * two tiles.
 */
#include "check.h"

#include <math.h>

enum { UNITS = 17, WIDTH = 2048, N = UNITS * WIDTH, TILE = 16 * WIDTH,
       SLICES = 6, ROWS = 300 };

/* What the slices of the last backward pass have seen, NAN where the batch had
 * no such slice; and what those of the pass before it have. */
static double slice_sum[SLICES], sum_before[SLICES];

static double pattern(int k)
{
    return 1 + k % 11 / 8.;
}

/* ---- the layer: y = x ------------------------------------------------- */

static void forward(gradus_node *n, gradus_part p)
{
    const gradus_real *x = gradus_row(n->in[0]->y, p, 1);
    gradus_real *y = gradus_row(n->y, p, 1);

    for (int i = 0; i < p.rows; i++)
        y[i] = x[i];
}

static void backward(gradus_node *n, gradus_part p)
{
    const gradus_real *dy = gradus_row(n->dy, p, 1);
    gradus_real *share = gradus_share(n, 0, p);
    double sum = 0;

    for (int i = 0; i < p.rows; i++)
        sum += dy[i];
    for (int k = 0; k < N; k++)
        share[k] += sum * pattern(k);
    slice_sum[p.slice] = sum;
}

static gradus_node *tally(gradus_node *x)
{
    static const gradus_op op = { .name = "tally", .forward = forward,
                                  .backward = backward };
    gradus_node *n = gradus_append(NULL, &op, sizeof *n, 1, &x);

    n = n ? gradus_set_shape(n, 1, (int[]){ 1 }) : NULL;
    return gradus_add_param(n, "w", 2, (int[]){ UNITS, WIDTH },
                            GRADUS_INIT_ZERO, 0);
}

/* ---- the mistakes ----------------------------------------------------- */

enum { RIGHT, FIRST_SLICE, LAST_SLICE, KEEPS, IGNORES_ADD, ALL_SLICES,
       FIRST_PIECE, FIRST_TILE, PAST_LAST, MISTAKES };

static const mistake mistakes[] = {
    [FIRST_SLICE] = { "first-slice",
        "only the first slice of each piece counts.  Each piece has up to two "
        "slices, computed by two threads, and the gradient is their sum." },
    [LAST_SLICE] = { "last-slice",
        "only the last slice of each piece is left: its share has replaced "
        "that of the slice before, and has to be added." },
    [KEEPS] = { "not-cleared",
        "the shares are added to what dw held before, also where `add` is not "
        "set: the gradient of the batch before is still in it." },
    [IGNORES_ADD] = { "ignores-add",
        "where `add` is set, dw holds the gradient of earlier batches, and is "
        "not to be cleared." },
    [ALL_SLICES] = { "all-slices",
        "every piece adds the shares of all slices, so that they count once "
        "for each piece.  Piece i has the slices 2 i and 2 i + 1." },
    [FIRST_PIECE] = { "first-piece",
        "every piece adds the slices 0 and 1.  Those of piece i are 2 i and "
        "2 i + 1." },
    [FIRST_TILE] = { "first-tile",
        "every tile reads the beginning of the share.  The numbers of this "
        "tile begin at r.from in the share, as they do in dw." },
    [PAST_LAST] = { "past-last-slice",
        "the last piece may have one slice alone.  The share of a second one "
        "is left from an earlier batch: i must be below `slices`." },
};

/* The slices of piece number `piece`, as far as the mistake counts them. */
static double piece_sum(int how, int piece, int pieces, const double *slice)
{
    const int first = how == ALL_SLICES || how == FIRST_PIECE ? 0 : 2 * piece;
    const int count = how == ALL_SLICES    ? 2 * pieces
                      : how == FIRST_SLICE ? 1
                                           : 2;
    double sum = 0;

    for (int i = first; i < first + count; i++)
        if (!isnan(slice[i]))
            sum = (how == LAST_SLICE ? 0 : sum) + slice[i];
        else if (how == PAST_LAST)
            sum += sum_before[i];
    return sum;
}

/* The factor of the pattern in dw after a backward pass, where it was `before`
 * at the beginning.  In a large batch, the gradients of pieces 1 and 2 are
 * computed beside dw, in the same place, and then added to it. */
static double total(int how, bool add, double before, int pieces,
                    const double *slice)
{
    const bool clears = how == IGNORES_ADD || how == LAST_SLICE;
    double sum = (add && !clears) || how == KEEPS ? before : 0, beside = 0;

    sum += piece_sum(how, 0, pieces, slice);
    for (int i = 1; i < pieces; i++) {
        beside = (how == KEEPS ? beside : 0) +
                 piece_sum(how, i, pieces, slice);
        sum += beside;
    }
    return sum;
}

/* ---- the check -------------------------------------------------------- */

/* A backward pass over `rows` rows of x, from row `from` on. */
static void pass(gradus_graph *g, gradus_node *in, const double *x, int from,
                 int rows, bool add)
{
    for (int i = 0; i < SLICES; i++) {
        sum_before[i] = slice_sum[i];
        slice_sum[i] = NAN;
    }
    if (gradus_feed(in, x + from, (size_t)rows) ||
        gradus_forward(g, NULL, rows) ||
        (add ? gradus_backward_add(g) : gradus_backward(g)))
        must(NULL);
}

/* Two passes, over 100 rows and `rows` others, of which the second is recorded;
 * or one over all rows. */
static void try(sheet *s, int passes, int rows, bool add, const char *when)
{
    gradus_graph *g = must(gradus_graph_new(1));
    gradus_node *in = gradus_input(g, 1), *n = must(tally(in));
    const double *x = numbers(ROWS, 1);
    double *before = zeros(N), first[MISTAKES] = { 0 };

    must(gradus_mse(n, gradus_input(g, 1),
                    &(gradus_mse_options){ .reduction = GRADUS_REDUCE_SUM }));
    if (gradus_want_gradient(in) || gradus_compile(g, ROWS, 1) ||
        gradus_feed(gradus_node_at(g, 2), zeros(ROWS), ROWS))
        must(NULL);
    begin_case(when);
    if (passes == 2) {
        pass(g, in, x, 0, 100, false);
        for (int k = 0; k < MISTAKES; k++)
            first[k] = total(k, false, 0, 1, slice_sum);
        before = copy_of(n->param[0].dw, N);
    }
    pass(g, in, x, passes == 2 ? 100 : 0, rows, add);
    array *dw = record(s, "dw", 2, (int[]){ UNITS, WIDTH }, before,
                       n->param[0].dw, add);
    for (int how = 0; how < s->mistakes; how++) {
        double sum = total(how, add, first[how], passes == 2 ? 1 : 3,
                           slice_sum);
        for (int k = 0; k < N; k++)
            dw->answer[how][k] =
                sum * pattern(how == FIRST_TILE && k >= TILE ? k - TILE : k);
    }
}

void check_shares(sheet *s)
{
    s->mistake = mistakes;
    s->mistakes = MISTAKES;
    try(s, 2, 60, false, "60 rows in one piece, after a batch of 100");
    try(s, 2, 60, true, "60 rows, added to those of a batch of 100");
    try(s, 1, ROWS, false, "300 rows in 3 pieces");
    try(s, 2, 10, false, "10 rows in one slice, after a batch of 100");
}
