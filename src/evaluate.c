/* evaluate.c -- loss, accuracy, top-k and confusion over a dataset. */
#include "error.h"
#include "feed.h"
#include "graph.h"
#include "meter.h"
#include "sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Forward over rows 0..n-1, in batches of max_batch. */
static int run(gradus_graph *g, size_t n, gradus_meter *m)
{
    size_t batch = (size_t)g->max_batch;
    int *index = malloc(batch * sizeof *index), status = 0;

    if (!index)
        return gradus_error_set("out of memory for a batch of %zu", batch);
    for (size_t from = 0; !status && from < n; from += batch) {
        int rows = (int)(n - from < batch ? n - from : batch);
        for (int i = 0; i < rows; i++)
            index[i] = (int)from + i;
        status = gradus_sweep_forward(g, index, rows, 0);
        if (!status)
            gradus_meter_add(m);
    }
    g->rows = 0; /* the index goes */
    free(index);
    return status;
}

static void answer(const gradus_meter *meter, gradus_metrics *m)
{
    m->counted = meter->labels;
    m->loss = gradus_meter_loss(meter);
    m->accuracy = gradus_meter_accuracy(meter);
    m->top_k = meter->labels ? (double)meter->in_top_k / (double)meter->labels
                             : NAN;
}

static int measure(gradus_graph *g, const gradus_dataset *data,
                   gradus_metrics *m)
{
    gradus_meter meter;

    if (gradus_meter_start(&meter, g))
        return -1;
    meter.k = m->k ? m->k : 1;
    meter.confusion = m->confusion;
    if (meter.confusion && meter.classifier) {
        size_t K = (size_t)meter.classifier->classes;
        memset(m->confusion, 0, K * K * sizeof *m->confusion);
    }
    int status = run(g, data->n, &meter);
    if (!status)
        answer(&meter, m);
    gradus_meter_free(&meter);
    return status;
}

int gradus_evaluate(gradus_graph *g, const gradus_dataset *data,
                    gradus_metrics *m)
{
    gradus_lent before;

    if (!g || !g->max_batch || !data || !m)
        return gradus_error_set("gradus_evaluate: %s wanted",
                                !data ? "data"
                                : !m  ? "metrics"
                                      : "a compiled graph");
    if (m->k < 0)
        return gradus_error_set("gradus_evaluate: k is %d, at least 1 wanted",
                                m->k);
    if (gradus_lend(g, data, &before))
        return -1;
    int status = measure(g, data, m);
    gradus_take_back(&before);
    return status;
}
