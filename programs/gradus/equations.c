/* equations.c -- the equations of the layers and losses, with the tags that
 * they have in docs/.  In formulas of one row, the sum over the rows of the
 * batch is left out. */
#include "equations.h"

#include <stddef.h>
#include <string.h>

static const equation equations[] = {
    { "dense", "y", "y[o] = sum_k W[o,k] x[k] + b[o]", "(B2)" },
    { "dense", "weight", "dW[o,k] = dy[o] x[k]", "(B3)" },
    { "dense", "bias", "db[o] = dy[o]", "(B4)" },
    { "dense", "dx", "dx[k] = sum_o dy[o] W[o,k]", "(B5)" },
    { "conv", "y", "y[o,i,j] = sum W[o,c,u,v] x[c,si+u-p,sj+v-p] + b[o]",
      "(C1)" },
    { "conv", "weight", "dW[o,c,u,v] = sum_ij dy[o,i,j] x[c,si+u-p,sj+v-p]",
      "(C2)" },
    { "conv", "bias", "db[o] = sum_ij dy[o,i,j]", "(C4)" },
    { "conv", "dx", "dx[c,si+u-p,sj+v-p] += dy[o,i,j] W[o,c,u,v]", "(C3)" },
    { "relu", "y", "y = max(0, x)", "" },
    { "relu", "dx", "dx = dy where x > 0, else 0", "(B6)" },
    { "leaky_relu", "y", "y = x where x >= 0, else a x", "" },
    { "leaky_relu", "dx", "dx = dy where x > 0, else a dy", "" },
    { "sigmoid", "y", "y = 1 / (1 + exp(-x))", "" },
    { "sigmoid", "dx", "dx = dy y (1 - y)", "" },
    { "tanh", "y", "y = tanh(x)", "" },
    { "tanh", "dx", "dx = dy (1 - y^2)", "" },
    { "maxpool", "y", "y = the largest x of a window", "(P1)" },
    { "maxpool", "dx", "dx = dy at the first of the largest, else 0", "(P2)" },
    { "avgpool", "y", "y = the mean of a window", "(P3)" },
    { "avgpool", "dx", "dx += dy / k^2 for each window over x", "(P4)" },
    { "global_avgpool", "y", "y = the mean of a channel", "(P5)" },
    { "global_avgpool", "dx", "dx = dy / HW", "(P6)" },
    { "batchnorm", "y",
      "y = g x^ + b, x^ = r (x - mean), r = 1/sqrt(var + eps)",
      "(N2) (N3)" },
    { "batchnorm", "weight", "dg = sum dy x^", "(N4)" },
    { "batchnorm", "bias", "db = sum dy", "(N4)" },
    { "batchnorm", "dx",
      "dx = g r (dy - mean(dy) - x^ mean(dy x^))", "(N5)" },
    { "layernorm", "y",
      "y = g x^ + b, x^ = r (x - mean), r = 1/sqrt(var + eps)",
      "(N2) (N3)" },
    { "layernorm", "weight", "dg = sum dy x^", "(N4)" },
    { "layernorm", "bias", "db = sum dy", "(N4)" },
    { "layernorm", "dx",
      "dx = r (u - mean(u) - x^ mean(u x^)),  u = g dy", "(N8)" },
    { "dropout", "y", "y = m x / (1 - p),  m = 0 or 1 at random", "(D1)" },
    { "dropout", "dx", "dx = m dy / (1 - p)", "(D2)" },
    { "add", "y", "y = a + b", "" },
    { "add", "dx", "da += dy,  db += dy", "(B1)" },
    { "softmax_ce", "y", "y_k = exp(z_k - m) / sum_j exp(z_j - m)", "(S1)" },
    { "softmax_ce", "dx", "dz_k = (y_k sum_j t_j - t_k) / D", "(S4)" },
    { "mse", "dx", "dy_k = 2 (y_k - t_k) / D", "" },
    { "huber", "dx", "dy_k = max(-delta, min(delta, y_k - t_k)) / D", "" },
};

const equation *equation_of(const char *op, const char *of)
{
    for (size_t i = 0; i < sizeof equations / sizeof *equations; i++)
        if (strcmp(equations[i].op, op) == 0 &&
            strcmp(equations[i].of, of) == 0)
            return &equations[i];
    return NULL;
}
