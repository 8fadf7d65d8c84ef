/* embedding.c -- an embedding: a vector of D numbers for each token, looked up
 * in the rows of a table W that is trained.
 *
 *   y[s] = W[x[s]]              x [B,S] whole numbers   W [tokens,D]
 *                               y [B,S,D]
 *   dW[k] = sum of dy[s] over all rows and positions s with x[s] = k
 */
#include "gradus_layer.h"

#include <math.h>
#include <string.h>

/* The largest number of tokens.  A float holds each whole number up to it. */
enum { MOST_TOKENS = 1 << 24 };

/* Returns v as the number of a token, from 0; -1 if it is not one. */
static int token(const gradus_node *n, gradus_real v)
{
    return v >= 0 && v < n->units && v == floor(v) ? (int)v : -1;
}

/* Refuses a batch in which a value is not a token, with a message that says at
 * which sample and position, before anything is computed from it. */
static int check(gradus_node *n, gradus_part p)
{
    const gradus_node *x = n->in[0];

    if (gradus_attr_values(x->attr, "mean", NULL) ||
        gradus_attr_values(x->attr, "centre", NULL))
        return gradus_fail(n, "%s is normalised; its values must be the "
                           "numbers of tokens", x->name), -1;
    if (x->fed.u8)
        return gradus_fail(n, "%s was fed pixels; it takes the numbers of "
                           "tokens (gradus_feed, gradus_infer)", x->name), -1;
    for (int i = p.row; i < p.row + p.rows; i++) {
        int sample = p.batch->index[i];
        const gradus_real *v = x->fed.x + (size_t)sample * (size_t)x->size;
        for (int s = 0; s < x->size; s++)
            if (token(n, v[s]) < 0)
                return gradus_fail(n, "sample %d, position %d: the token is "
                                   "%g; must be a whole number, 0 to %d",
                                   sample, s, (double)v[s], n->units - 1), -1;
    }
    return 0;
}

/* Copies the row of W for each token.  check has found that all are tokens. */
static void forward(gradus_node *n, gradus_part p)
{
    int S = n->in[0]->size, D = n->param[0].shape[1];
    const gradus_real *x = gradus_row(n->in[0]->y, p, S);
    gradus_real *y = gradus_row(n->y, p, n->size);

    for (size_t i = 0; i < gradus_count(p, S); i++, y += D)
        memcpy(y, n->param[0].w + (size_t)x[i] * (size_t)D,
               (size_t)D * sizeof *y);
}

/* Computes dW [units,D] of the tokens from p.unit on.  Each position whose
 * token is one of these adds its dy [D] to that token's row. */
static void gradient(gradus_node *n, gradus_part p)
{
    int S = n->in[0]->size, D = n->param[0].shape[1];
    const gradus_real *x = gradus_row(n->in[0]->y, p, S);
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *dW = n->param[0].dw;

    if (!p.add)
        memset(dW + (size_t)p.unit * (size_t)D, 0,
               (size_t)p.units * (size_t)D * sizeof *dW);
    for (size_t i = 0; i < gradus_count(p, S); i++, dy += D) {
        int k = token(n, x[i]);
        if (k < p.unit || k >= p.unit + p.units)
            continue;
        for (int d = 0; d < D; d++)
            dW[(size_t)k * (size_t)D + d] += dy[d];
    }
}

static gradus_node *make(const gradus_saved *s)
{
    return gradus_embedding(s->in[0], gradus_attr_int(s->attr, "tokens", 0),
                            gradus_attr_int(s->attr, "size", 0));
}

const gradus_op gradus_embedding_op = {
    .name = "embedding", .forward = forward, .gradient = gradient,
    .make = make, .check = check,
};

gradus_node *gradus_embedding(gradus_node *x, int tokens, int size)
{
    gradus_node *n = gradus_append(NULL, &gradus_embedding_op, sizeof *n, 1,
                                   &x);

    if (!n)
        return NULL;
    if (x->kind != GRADUS_KIND_VALUES || x->rank != 1)
        return gradus_fail(n, "operand %s %s; must be a gradus_input of "
                           "tokens", x->name, x->kind == GRADUS_KIND_VALUES
                           ? "is an image" : "computes its value");
    if (tokens < 1 || tokens > MOST_TOKENS)
        return gradus_fail(n, "tokens is %d; must be 1 to %d", tokens,
                           MOST_TOKENS);
    if (size < 1)
        return gradus_fail(n, "size is %d; must be at least 1", size);
    n = gradus_set_attr(n, "tokens", 1, &(double){ tokens });
    n = gradus_set_attr(n, "size", 1, &(double){ size });
    n = gradus_set_shape(n, 2, (int[]){ x->size, size });
    return gradus_add_param(n, "weight", 2, (int[]){ tokens, size },
                            GRADUS_INIT_NORMAL, 1);
}
