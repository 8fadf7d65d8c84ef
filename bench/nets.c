/* nets.c -- builds the net that a text describes; bench/nets.py explains the
 * words. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads an s and a number above 0, if they are there.  Returns what follows;
 * NULL if `at` is NULL, or if the number is wrong. */
static const char *stride(const char *at, int *n)
{
    if (!at || *at != 's')
        return at;
    at = bench_digits(at + 1, n);
    return *n > 0 ? at : NULL;
}

static gradus_node *convolution(gradus_node *h, const char *word)
{
    gradus_conv2d_options o = { 0 };
    int channels = 0, kernel = 0;
    const char *at = bench_digits(word + strlen("conv"), &channels);

    at = at && *at == 'k' ? bench_digits(at + 1, &kernel) : NULL;
    if (at && *at == 'p')
        at = bench_digits(at + 1, &o.padding);
    at = stride(at, &o.stride);
    if (at && *at == 'n') {
        o.no_bias = true;
        at++;
    }
    if (!at || *at)
        bench_fail("--net: got '%s'; must be like conv8k3p1s2n", word);
    return gradus_conv2d(h, channels, kernel, &o);
}

static gradus_node *pool(gradus_node *h, const char *word)
{
    int kernel = 0;
    gradus_pool2d_options o = { 0 };

    const char *at = bench_digits(word + strlen("max"), &kernel);

    at = stride(at, &o.stride);
    if (!at || *at)
        bench_fail("--net: got '%s'; must be like max2 or avg3s2", word);
    return *word == 'm' ? gradus_maxpool2d(h, kernel, &o)
                        : gradus_avgpool2d(h, kernel, &o);
}

static gradus_node *dense(gradus_node *h, const char *word)
{
    int units = 0;
    const char *end = bench_digits(word + strlen("dense"), &units);

    if (!end || *end)
        bench_fail("--net: got '%s'; must be like dense128", word);
    return gradus_dense(h, units);
}

static gradus_node *layer(gradus_node *h, const char *word)
{
    static const struct {
        const char *name;
        gradus_node *(*build)(gradus_node *x);
    } simple[] = {
        { "bn", gradus_batchnorm }, { "ln", gradus_layernorm },
        { "relu", gradus_relu }, { "gelu", gradus_gelu },
        { "tanh", gradus_tanh }, { "silu", gradus_silu },
        { "sigmoid", gradus_sigmoid }, { "gap", gradus_global_avgpool2d } };

    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
        if (strcmp(word, simple[i].name) == 0)
            return simple[i].build(h);
    if (strncmp(word, "dense", 5) == 0)
        return dense(h, word);
    if (strncmp(word, "conv", 4) == 0)
        return convolution(h, word);
    if (strncmp(word, "max", 3) == 0 || strncmp(word, "avg", 3) == 0)
        return pool(h, word);
    if (strncmp(word, "drop", 4) == 0)
        return gradus_dropout(h, bench_real("--net: drop", word + 4, 0, 1));
    bench_fail("--net: got '%s'; must be one of the words that bench/nets.py "
               "lists, with single spaces between, and each ) must have a (",
               word);
}

static gradus_node *input(gradus_graph *g, const char *word)
{
    int axis[3], rank = 0;
    const char *at = word;

    do
        at = bench_digits(at, &axis[rank++]);
    while (rank < 3 && at && *at == 'x' && at++);
    if (!at || *at || rank == 2)
        bench_fail("--net: begins with '%s'; must begin with a shape, such as "
                   "784 or 1x28x28", word);
    return rank == 3 ? gradus_image(g, axis[0], axis[1], axis[2])
                     : gradus_input(g, axis[0]);
}

gradus_node *bench_net_of(gradus_graph *g, const char *text)
{
    gradus_node *h = NULL, *before[MAX_LAYERS];
    int depth = 0;
    char *words = strdup(text), *rest = words;

    if (!words)
        bench_fail("out of memory");
    for (char *word; (word = strsep(&rest, " "));) {
        if (!h)
            h = input(g, word);
        else if (strcmp(word, "(") == 0 && depth < MAX_LAYERS)
            before[depth++] = h;
        else if (strcmp(word, ")") == 0 && depth > 0)
            h = gradus_add(before[--depth], h);
        else
            h = layer(h, word);
        if (!h)
            bench_fail("--net: got '%s': %s", word, gradus_error());
    }
    if (depth)
        bench_fail("--net: got '%s'; each ( must have a )", text);
    free(words);
    return h;
}
