/* stream.c -- measures training on rows that are made one batch at a time, so
 * that memory need not hold them all. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    gradus_node *x, *t;     /* the nodes that take the rows and the labels */
    int batch, size, classes;
    float *values;          /* [batch,size] */
    int32_t *label;         /* [batch] */
    size_t left;            /* rows that are still to be made in this epoch */
    gradus_random random;
} source;

/* A random row, and its class: which of the first values is the largest. */
static int32_t make_row(gradus_random *r, float *x, int size, int classes)
{
    int32_t best = 0;
    for (int i = 0; i < size; i++)
        x[i] = (float)gradus_random_uniform(r);
    for (int k = 1; k < classes; k++)
        if (x[k] > x[best])
            best = k;
    return best;
}

static int next(const gradus_progress *p, void *user)
{
    source *s = user;
    int rows = s->left < (size_t)s->batch ? (int)s->left : s->batch;
    (void)p;
    for (int i = 0; i < rows; i++)
        s->label[i] = make_row(&s->random,
                               s->values + (size_t)i * (size_t)s->size,
                               s->size, s->classes);
    s->left -= (size_t)rows;
    if (rows && (gradus_feed(s->x, s->values, (size_t)rows) ||
                 gradus_feed_labels(s->t, s->label, (size_t)rows)))
        return -1;
    return rows;
}

static void epoch(const options *o, gradus_optimiser *rule, source *s,
                  long at_start)
{
    gradus_epoch history[1];
    s->left = o->samples ? o->samples : 100000;
    if (gradus_fit(rule, NULL, &(gradus_fit_options){
                                   .next = next, .user = s,
                                   .history = history }))
        bench_fail("%s", gradus_error());
    printf("{\"samples\": %zu, \"seconds\": %.6g, "
           "\"samples_per_second\": %.6g, \"train_loss\": %.6g, "
           "\"peak_kb\": %ld, \"start_kb\": %ld}\n", history->samples,
           history->seconds, (double)history->samples / history->seconds,
           history->train_loss, bench_peak_kb(), at_start);
}

void bench_stream(const options *o)
{
    long at_start = bench_peak_kb();
    gradus_graph *g = gradus_graph_new(1);
    source s = { .batch = o->batch, .t = gradus_labels(g, 1) };
    gradus_node *z = bench_net_of(g, o->net.text);
    s.classes = gradus_node_size(z);
    gradus_softmax_ce(z, s.t, NULL);
    if (gradus_compile(g, o->batch, o->threads))
        bench_fail("%s", gradus_error());
    s.x = gradus_node_at(g, 1); /* the net's first node, behind the labels */
    s.size = gradus_node_size(s.x);
    if (s.classes > s.size)
        bench_fail("stream: --net takes %d values and has %d classes; must "
                   "take as many at least", s.size, s.classes);
    s.values = calloc((size_t)s.batch * (size_t)s.size, sizeof *s.values);
    s.label = calloc((size_t)s.batch, sizeof *s.label);
    if (!s.values || !s.label)
        bench_fail("out of memory");
    gradus_random_init(&s.random, 1, 0, 0);
    gradus_optimiser *rule = bench_sgd(o, g);
    for (int turn = 0; bench_next_turn(o, turn); turn++)
        epoch(o, rule, &s, at_start);
    gradus_optimiser_free(rule);
    gradus_graph_free(g);
    free(s.values);
    free(s.label);
}
