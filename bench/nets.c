/* nets.c -- builds the net that a text describes; bench/nets.py explains the
 * words. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gradus_node *convolution(gradus_node *h, const char *word)
{
    gradus_conv2d_options o = { 0 };
    int channels = 0, kernel = 0, read = 0;

    if (sscanf(word, "conv%dk%d%n", &channels, &kernel, &read) != 2)
        bench_fail("--net: got %s; must be like conv8k3p1s2n", word);
    for (char *at = (char *)word + read; *at;) {
        char setting = *at++;
        int value = setting == 'n' ? 1 : (int)strtol(at, &at, 10);
        switch (setting) {
        case 'p': o.padding = value; break;
        case 's': o.stride = value; break;
        case 'n': o.no_bias = true; break;
        default: bench_fail("--net: got %s; must be like conv8k3p1s2n", word);
        }
    }
    return gradus_conv2d(h, channels, kernel, &o);
}

static gradus_node *pool(gradus_node *h, const char *word)
{
    int kernel = 0;
    gradus_pool2d_options o = { 0 };

    if (sscanf(word + 3, "%ds%d", &kernel, &o.stride) < 1)
        bench_fail("--net: got %s; must be like max2 or avg3s2", word);
    return *word == 'm' ? gradus_maxpool2d(h, kernel, &o)
                        : gradus_avgpool2d(h, kernel, &o);
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
        return gradus_dense(h, atoi(word + 5));
    if (strncmp(word, "conv", 4) == 0)
        return convolution(h, word);
    if (strncmp(word, "max", 3) == 0 || strncmp(word, "avg", 3) == 0)
        return pool(h, word);
    if (strncmp(word, "drop", 4) == 0)
        return gradus_dropout(h, atof(word + 4));
    bench_fail("--net: got %s; must be one of the words that bench/nets.py "
               "lists", word);
}

static gradus_node *input(gradus_graph *g, const char *word)
{
    int c, h, w, n = sscanf(word, "%dx%dx%d", &c, &h, &w);

    if (n != 1 && n != 3)
        bench_fail("--net begins with %s; must be a shape, such as 784 or "
                   "1x28x28", word);
    return n == 3 ? gradus_image(g, c, h, w) : gradus_input(g, c);
}

gradus_node *bench_net_of(gradus_graph *g, const char *text)
{
    gradus_node *h = NULL, *before[MAX_LAYERS];
    int depth = 0;
    char *words = strdup(text), *rest = words;

    if (!words)
        bench_fail("out of memory");
    for (char *word; (word = strsep(&rest, " "));)
        if (!h)
            h = input(g, word);
        else if (strcmp(word, "(") == 0 && depth < MAX_LAYERS)
            before[depth++] = h;
        else if (strcmp(word, ")") == 0 && depth > 0)
            h = gradus_add(before[--depth], h);
        else
            h = layer(h, word);
    free(words);
    return h;
}
