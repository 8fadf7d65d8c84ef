/* evaluate.c -- computes the loss, the accuracy, the top-k accuracy and the
 * confusion matrix over a dataset, with layers as in inference.
 *
 * The rows are taken forward in batches of max_batch, and a meter sums up what
 * each batch contributes. */
#include "base/error.h"
#include "base/mode.h"
#include "graph/ranks.h"
#include "run/run.h"
#include "train/train.h"

/* Computes the metrics of the rows that are fed at the moment, whichever data
 * they are from, in batches of max_batch rows of which the last may be
 * smaller.  status is that of feeding them. */
static int measure(gradus_graph *g, const gradus_evaluate_options *o,
                   gradus_metrics *metrics, int status)
{
    gradus_meter m = { 0 };
    int n = status ? 0 : gradus_fed_rows(g);

    if (!status)
        status = n < 0 || gradus_meter_start(&m, g, o) ? -1 : 0;
    status = gradus_compare_ranks(g, status, "evaluation", "%d rows, k %d%s",
                                  n, o->k ? o->k : 1, o->confusion
                                  ? ", a confusion matrix" : "");
    for (int from = 0, rows; from < n && !status; from += rows) {
        rows = n - from < g->max_batch ? n - from : g->max_batch;
        status = gradus_run_forward(g, NULL, from, rows, false);
        if (!status)
            status = gradus_meter_add(&m);
    }
    if (!status)
        status = gradus_meter_unite(&m);
    if (!status)
        *metrics = gradus_meter_read(&m);
    gradus_meter_free(&m);
    return status;
}

int gradus_evaluate(gradus_graph *g, const gradus_dataset *data,
                    const gradus_evaluate_options *options,
                    gradus_metrics *metrics)
{
    static const gradus_evaluate_options defaults = { 0 };
    const gradus_evaluate_options *o = options ? options : &defaults;
    gradus_fed_before before = { 0 };
    gradus_mode mode;

    if (gradus_need_compiled(g, "gradus_evaluate"))
        return -1;
    if (!metrics)
        return gradus_error_set("gradus_evaluate: the metrics are NULL");
    int status = o->k >= 0 ? 0 : gradus_error_set("gradus_evaluate: k is %d; "
                                                  "must be at least 1", o->k);
    if (!status)
        status = gradus_need_loss(g) ||
                 (data && gradus_feed_dataset(g, data, &before)) ? -1 : 0;
    gradus_mode_enter(&mode);
    status = measure(g, o, metrics, status);
    gradus_mode_leave(&mode);
    gradus_feed_restore(&before);
    return status;
}
