/* together.c -- what the ranks of a training have to agree on: that they train
 * the same net on the same data, when to stop, and that they have the same
 * parameters after each epoch.  A process that is alone agrees with itself. */
#include "base/bytes.h"
#include "base/error.h"
#include "graph/ranks.h"
#include "optim/optimiser.h"
#include "train/train.h"

#include <string.h>

enum { FIRST = 1 << 16 }; /* so many values of an array are hashed */

static uint64_t hash_first(uint64_t h, const void *v, size_t n, size_t width)
{
    return v ? gradus_hash(h, v, (n < FIRST ? n : FIRST) * width) : h;
}

/* Sets f.data to the hash of what is fed: of each data node the kind, the size
 * and the number of rows, the labels, and the first values; and of the
 * validation data.  With options.next, what is fed changes from batch to
 * batch, and does not count. */
void gradus_hash_data(gradus_fit_state *f)
{
    uint64_t h = GRADUS_HASH_OF_NOTHING;

    for (int i = 0; i < f->g->count && !f->options.next; i++) {
        const gradus_node *n = f->g->node[i];
        uint64_t sizes[] = { n->kind, (uint64_t)n->size, n->fed.rows };
        if (n->kind != GRADUS_KIND_COMPUTED)
            h = gradus_hash(h, sizes, sizeof sizes);
        size_t values = n->fed.rows * (size_t)n->size;
        h = hash_first(h, n->fed.x, values, sizeof *n->fed.x);
        h = hash_first(h, n->fed.u8, values, 1);
        if (n->fed.labels)
            h = gradus_hash(h, n->fed.labels, values * sizeof *n->fed.labels);
    }
    const gradus_dataset *v = f->options.validation;
    if (v) {
        h = gradus_hash(h, &v->n, sizeof v->n);
        h = hash_first(h, v->x, v->n * (size_t)v->size, sizeof *v->x);
        h = hash_first(h, v->pixels, v->n * (size_t)v->size, 1);
        h = hash_first(h, v->labels, v->n, sizeof *v->labels);
        h = hash_first(h, v->weights, v->n, sizeof *v->weights);
    }
    snprintf(f->data, sizeof f->data, "%016jx", (uintmax_t)h);
}

/* The hash of the numbers, beside the data, that decide how parameters move
 * and when the training ends: those of the optimiser, of the nodes and of
 * gradus_fit. */
static uint64_t hash_settings(const gradus_optimiser *o,
                              const gradus_fit_options *fit)
{
    const double *own = o->own, all[] = {
        o->max_norm, o->max_value, o->decay_matrices_only, o->learning_rate,
        o->weight_decay, fit->min_delta, fit->checkpoint_seconds };
    uint64_t h = gradus_hash(GRADUS_HASH_OF_NOTHING, all, sizeof all);

    for (int i = 0; o->rule->settings[i]; i++)
        h = gradus_hash(h, &own[i], sizeof *own);
    for (int i = 0; i < o->graph->count; i++) {
        const gradus_node_info *info = &o->graph->info[i];
        const double scales[] = { info->lr_scale, info->decay_scale };
        h = gradus_hash(h, scales, sizeof scales);
    }
    return h;
}

int gradus_compare_training(gradus_fit_state *f, int status)
{
    const gradus_fit_options *o = &f->options;
    const gradus_graph *g = f->g;

    if (g->ranks->size == 1)
        return status;
    if (!status)
        gradus_hash_data(f);
    if (gradus_compare_ranks(g, status, "data set (a hash)", "%s", f->data))
        return -1;
    return gradus_compare_ranks(
        g, 0, "training", "%d epochs of %d samples in batches of %d, order "
        "%d, patience %d, best %d, checkpoint %d, after %d; %s at a learning "
        "rate of %g%s; a hash of all numbers, %016jx", o->epochs, f->n,
        o->batch, !o->keep_order, o->patience, o->restore_best,
        o->checkpoint != NULL, o->checkpoint_batches, f->o->rule->name,
        f->o->learning_rate, o->learning_rate ? ", by a schedule" : "",
        (uintmax_t)hash_settings(f->o, o));
}

int gradus_agree_on_rows(gradus_fit_state *f, int rows)
{
    return gradus_compare_ranks(f->g, rows < 0 ? -1 : 0,
                                "number of rows from `next`", "%d", rows);
}

int gradus_agree_on_rate(gradus_fit_state *f, int status)
{
    if (!f->options.learning_rate)
        return status;
    return gradus_compare_ranks(f->g, status, "learning rate", "%.17g",
                                f->o->learning_rate);
}

int gradus_agree_to_stop(gradus_fit_state *f)
{
    double stopped = f->stopped;
    int status = gradus_sum_ranks(f->g, &stopped, 1);

    f->stopped = stopped > 0;
    return status;
}

int gradus_compare_weights(const gradus_fit_state *f, int status)
{
    const gradus_graph *g = f->g;

    if (g->ranks->size == 1)
        return status;
    return gradus_compare_ranks(
        g, status, "state (a hash of the parameters)", "%016jx after "
        "%ju steps and %ju epochs, at a learning rate of %.17g",
        (uintmax_t)gradus_parameters_hash(g), (uintmax_t)f->o->steps,
        (uintmax_t)g->epochs, f->o->learning_rate);
}
