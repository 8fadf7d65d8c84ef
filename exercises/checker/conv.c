/* conv.c -- exercise 11: the backward pass of a convolution.
 *
 *   dW[o,c,u,v] += sum_{i,j} dy[o,i,j] x[c, s i + u - p, s j + v - p]
 *   dx[c, s i + u - p, s j + v - p] += sum_o dy[o,i,j] W[o,c,u,v]
 *   db[o] += sum_{i,j} dy[o,i,j]
 *
 * The library trains by faster ways, so conv_plain.c is called through its own
 * header, and not through a layer.
 */
#include "check.h"

#include "kernels/conv.h"

enum { IN = 2, OUT = 3, H = 4, W = 5, K = 3, X = IN * H * W };

enum { RIGHT, FLIPPED, KERNEL_TRANSPOSED, CHANNELS, EXCHANGED, SETS, NO_DY,
       FIRST_GROUP, MISTAKES };

static const mistake mistakes[] = {
    [FLIPPED] = { "flipped",
        "the kernel is turned by 180 degrees.  It is turned where one asks, "
        "for an x, which dy it gets; but from a dy to its x, each W goes back "
        "the way it came: W[o,c,u,v]." },
    [KERNEL_TRANSPOSED] = { "kernel-transposed",
        "u and v are exchanged in W.  u goes down the lines, v along the "
        "columns." },
    [CHANNELS] = { "channels-exchanged",
        "o and c are exchanged in W, which is [out,in,kernel,kernel]: the "
        "channel of y comes first." },
    [EXCHANGED] = { "x-and-w-exchanged",
        "y is a sum of products W x: the W of a product gets dy x, and the x "
        "gets dy W.  Here each gets its own number." },
    [SETS] = { "overwrites",
        "only what was computed last is left.  An x lies under several "
        "windows, and a W meets many x: += collects from all of them." },
    [NO_DY] = { "no-dy",
        "dy is not multiplied in: the chain rule." },
    [FIRST_GROUP] = { "first-group",
        "c->W begins with the W of group 0, and this is another group of "
        "channels: take W, which begins with its own." },
};

/* The product W[o,ch,u,v] x[ch, s i + u - p, s j + v - p] in the sum
 * y[o,i,j]. */
typedef struct {
    int o, ch, u, v, i, j;
} product;

/* Where W[o,ch,u,v] is, or where the mistake looks for it. */
static int in_W(int how, int k, product t)
{
    switch (how) {
    case FLIPPED:
        return ((t.o * IN + t.ch) * k + k - 1 - t.u) * k + k - 1 - t.v;
    case KERNEL_TRANSPOSED: return ((t.o * IN + t.ch) * k + t.v) * k + t.u;
    case CHANNELS: return ((t.ch * OUT + t.o) * k + t.u) * k + t.v;
    default: return ((t.o * IN + t.ch) * k + t.u) * k + t.v;
    }
}

/* Adds what a product contributes, for the dy of its sum. */
static void add(int how, const gradus_conv *c, const double *x, double dy,
                product t, double *dW, double *dx)
{
    const int line = c->stride * t.i + t.u - c->padding;
    const int column = c->stride * t.j + t.v - c->padding;
    const int w = in_W(how, c->kernel, t);
    const int at = (t.ch * H + line) * W + column;

    if (line < 0 || line >= H || column < 0 || column >= W)
        return;
    dy = how == NO_DY ? 1 : dy;
    dW[w] = (how == SETS ? 0 : dW[w]) +
            dy * (how == EXCHANGED ? c->W[w] : x[at]);
    if (dx)
        dx[at] = (how == SETS ? 0 : dx[at]) +
                 dy * (how == EXCHANGED ? x[at] : c->W[w]);
}

/* Adds what the dy of one y[o,i,j] contributes. */
static void add_all(int how, const gradus_conv *c, const double *x, double dy,
                    int o, int i, int j, double *dW, double *dx)
{
    for (int ch = 0; ch < IN; ch++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++)
                add(how, c, x, dy, (product){ o, ch, u, v, i, j }, dW, dx);
}

static void backward(int how, const gradus_conv *c, const double *x,
                     const double *dy, double *dW, double *db, double *dx)
{
    for (int o = 0; o < OUT; o++)
        for (int i = 0; i < c->out_height; i++)
            for (int j = 0; j < c->out_width; j++, dy++) {
                if (db)
                    db[o] = (how == SETS ? 0 : db[o]) +
                            (how == NO_DY ? 1 : *dy);
                add_all(how, c, x, *dy, o, i, j, dW, dx);
            }
}

/* With `all`, dx and db are wanted, too.  It is the last of the groups that is
 * looked at. */
static void try(sheet *s, int k, int stride, int padding, int groups,
                bool all, const char *when)
{
    const size_t weights = (size_t)(OUT * IN * k * k);
    const size_t own = weights * (size_t)(groups - 1);
    const gradus_conv c = {
        .in = IN, .height = H, .width = W, .out = OUT, .kernel = k,
        .out_height = (H + 2 * padding - k) / stride + 1,
        .out_width = (W + 2 * padding - k) / stride + 1,
        .stride = stride, .padding = padding, .groups = groups, .samples = 1,
        .W = numbers(weights * (size_t)groups, 1),
        .b = zeros((size_t)(OUT * groups)) };
    const int places = c.out_height * c.out_width;
    const double *dx0 = numbers(X, 4), *db0 = numbers(OUT, 5);
    const double *dW0 = numbers(weights, 6);
    gradus_conv_sample one = {
        .x = numbers(X, 2), .z = zeros((size_t)(OUT * places)),
        .dz = numbers((size_t)(OUT * places), 3),
        .dW = copy_of(dW0, weights), .group = groups - 1,
        .db = all ? copy_of(db0, OUT) : NULL,
        .dx = all ? copy_of(dx0, X) : NULL };
    array *db = NULL, *dx = NULL;

    begin_case(when);
    gradus_conv_plain.backward(&c, &one, NULL);
    array *dW = record(s, "dW", 4, (int[]){ OUT, IN, k, k }, dW0, one.dW,
                       true);
    if (all) {
        dx = record(s, "dx", 3, (int[]){ IN, H, W }, dx0, one.dx, true);
        db = record(s, "db", 1, (int[]){ OUT }, db0, one.db, true);
    }
    for (int how = 0; how < s->mistakes; how++) {
        gradus_conv of = c;
        of.W += how == FIRST_GROUP ? 0 : own;
        backward(how, &of, one.x, one.dz, dW->answer[how],
                 db ? db->answer[how] : NULL, dx ? dx->answer[how] : NULL);
    }
}

void check_conv(sheet *s)
{
    s->mistake = mistakes;
    s->mistakes = MISTAKES;
    try(s, 2, 1, 0, 1, true, "a kernel of 2 x 2");
    try(s, 3, 2, 1, 1, true, "a kernel of 3 x 3, stride 2, padding 1");
    try(s, 2, 1, 0, 2, true, "the second of two groups");
    try(s, 2, 1, 0, 1, false, "no dx and no db are wanted");
}
