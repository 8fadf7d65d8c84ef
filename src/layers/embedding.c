/* embedding.c -- a vector for each token.
 *
 *   y[s] = W[x[s]]              x [B,S] whole numbers   W [tokens,D]
 *
 *   dW[k] = sum of dy[s] where x[s] = k
 */
#include "gradus.h"

#include <math.h>
#include <string.h>

/* The token, or -1 where the value is none. */
static int token(const gradus_node *n, gradus_real v)
{
    return v >= 0 && v < n->units && v == floor(v) ? (int)v : -1;
}

/* Where the data can be seen before: an error that names it. */
static int prepare(gradus_node *n, gradus_rows r)
{
    const gradus_node *x = n->in[0];

    if (gradus_attr_values(x->attr, "mean", &(int){ 0 }))
        return gradus_fail(n, "%s is normalised; tokens' numbers wanted",
                           x->name), -1;
    if (x->fed.u8)
        return gradus_fail(n, "%s was fed pixels; the tokens' numbers, by "
                           "gradus_feed, wanted", x->name), -1;
    for (int i = r.from; i < r.from + r.n; i++)
        for (int s = 0; s < x->size; s++) {
            gradus_real v = x->fed.x[(size_t)r.index[i] * x->size + s];
            if (token(n, v) < 0)
                return gradus_fail(n, "sample %d, position %d: token %g, "
                                   "whole numbers 0..%d wanted", r.index[i], s,
                                   (double)v, n->units - 1), -1;
        }
    return 0;
}

/* In inference, which does not prepare, what is no token gives NaN. */
static void forward(gradus_node *n, gradus_rows r)
{
    int S = n->in[0]->size, D = n->param[0].shape[1];
    const gradus_real *x = gradus_row(n->in[0]->y, r, S);
    gradus_real *y = gradus_row(n->y, r, n->size);

    for (size_t i = 0; i < (size_t)r.n * S; i++, y += D) {
        int k = token(n, x[i]);
        if (k >= 0)
            memcpy(y, n->param[0].w + (size_t)k * D, (size_t)D * sizeof *y);
        for (int d = 0; k < 0 && d < D; d++)
            y[d] = NAN;
    }
}

static void gradient(gradus_node *n, gradus_tile t)
{
    int S = n->in[0]->size, D = n->param[0].shape[1];
    const gradus_real *x = n->in[0]->y + (size_t)t.row * (size_t)S;
    const gradus_real *dy = n->dy + (size_t)t.row * (size_t)n->size;
    gradus_real *dW = n->param[0].dw;

    if (!t.add)
        memset(dW + (size_t)t.from * D, 0, (size_t)t.n * D * sizeof *dW);
    for (size_t i = 0; i < (size_t)t.rows * S; i++, dy += D) {
        int k = token(n, x[i]);
        if (k < t.from || k >= t.from + t.n)
            continue;
        for (int d = 0; d < D; d++)
            dW[(size_t)k * D + d] += dy[d];
    }
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    (void)g;
    return gradus_embedding(n_in ? in[0] : NULL,
                            gradus_attr_int(a, "tokens", 0),
                            gradus_attr_int(a, "size", 0));
}

const gradus_op gradus_embedding_op = {
    .name = "embedding", .prepare = prepare, .forward = forward,
    .gradient = gradient, .make = make,
};

gradus_node *gradus_embedding(gradus_node *x, int tokens, int size)
{
    gradus_node *n = gradus_append(NULL, &gradus_embedding_op, sizeof *n, 1,
                                   &x);

    if (!n)
        return NULL;
    if (x->kind != GRADUS_VALUES || x->rank != 1)
        return gradus_fail(n, "%s computes its value, or is an image; an "
                           "input of tokens wanted", x->name);
    if (tokens < 1 || size < 1 || tokens > 1 << 24)
        return gradus_fail(n, "%d tokens of size %d; at least 1, at most %d "
                           "tokens, wanted", tokens, size, 1 << 24);
    n = gradus_set_attr(n, "tokens", 1, &(double){ tokens });
    n = gradus_set_attr(n, "size", 1, &(double){ size });
    n = gradus_shape(n, 2, (int[]){ x->size, size });
    return gradus_add_param(n, "weight", 2, (int[]){ tokens, size },
                            GRADUS_NORMAL, 1);
}
