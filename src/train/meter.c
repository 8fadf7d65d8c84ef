/* meter.c -- sums up loss and accuracy over batches.
 *
 * A mean over an epoch is  (sum of all rows' losses) / (sum of all D),  where
 * D is a batch's divisor, and not the mean of the batches' means: so a smaller
 * last batch weighs less.  A label is correct if its class has the highest
 * probability, and among equally probable classes is the lowest. */
#include "train/train.h"

#include "base/error.h"
#include "graph/cut.h"
#include "graph/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Accuracy is that of the last loss that is over classes and takes labels. */
int gradus_meter_start(gradus_meter *m, const gradus_graph *g,
                       const gradus_evaluate_options *o)
{
    *m = (gradus_meter){ .graph = g, .k = o->k ? o->k : 1,
                         .confusion = o->confusion };
    for (int i = 0; i < g->count; i++) {
        const gradus_loss_node *l = gradus_as_loss(g->node[i]);
        if (l && l->classes && l->node.n_in > 1 &&
            l->node.in[1]->kind == GRADUS_KIND_LABELS)
            m->classifier = l;
    }
    m->total = calloc((size_t)g->count, sizeof *m->total);
    if (!m->total)
        return gradus_no_memory("the losses of %d nodes", g->count);
    if (m->confusion && m->classifier) {
        size_t K = (size_t)m->classifier->classes;
        memset(m->confusion, 0, K * K * sizeof *m->confusion);
    }
    return 0;
}

void gradus_meter_reset(gradus_meter *m)
{
    m->labels = m->correct = m->in_top_k = 0;
    memset(m->total, 0, (size_t)m->graph->count * sizeof *m->total);
}

void gradus_meter_free(gradus_meter *m)
{
    free(m->total);
}

/* Returns the most probable class, and of several the lowest. */
static int most_probable(const gradus_loss_node *l, const gradus_real *y)
{
    int best = 0;

    for (int k = 1; k < l->classes; k++)
        if (y[k * l->class_step] > y[best * l->class_step])
            best = k;
    return best;
}

/* Counts one label, unless it is one to be ignored: in count[0], in count[1]
 * if it is correct, and in count[2] if it is among the top k.  The K
 * probabilities at its position are y[0], y[class_step], y[2 class_step], ..
 * The label's rank is the number of classes that come before it when the most
 * probable comes first, and of equally probable ones the lowest: 0 if the
 * label is correct. */
static void count_label(gradus_meter *m, const gradus_real *y, int label,
                        double count[3])
{
    const gradus_loss_node *l = m->classifier;
    const int step = l->class_step;
    int rank = 0;

    if (l->use_ignore_label && label == l->ignore_label)
        return;
    const gradus_real y_label = y[label * step];
    for (int k = 0; k < label; k++)
        rank += y[k * step] >= y_label;
    for (int k = label + 1; k < l->classes; k++)
        rank += y[k * step] > y_label;
    count[0]++;
    count[1] += rank == 0;
    count[2] += rank < m->k;
    if (m->confusion)
        m->confusion[(size_t)label * (size_t)l->classes +
                     (size_t)most_probable(l, y)]++;
}

/* Counts all labels [rows,positions] of the batch at hand; the classifier's
 * probabilities are y [rows,size].  Each rank has those of its own rows. */
static int count_labels(gradus_meter *m)
{
    const gradus_graph *g = m->graph;
    const gradus_loss_node *l = m->classifier;
    const gradus_portion own = gradus_own_portion(g, g->batch.rows);
    double count[3] = { 0 };

    for (int i = own.row; i < own.row_end; i++)
        for (int s = 0; s < l->positions; s++)
            count_label(m, l->node.y + (size_t)i * (size_t)l->node.size +
                               (size_t)s * (size_t)l->position_step,
                        l->node.in[1]->label[i * l->positions + s], count);
    if (gradus_sum_ranks(g, count, 3))
        return -1;
    m->labels += (size_t)count[0];
    m->correct += (size_t)count[1];
    m->in_top_k += (size_t)count[2];
    return 0;
}

int gradus_meter_add(gradus_meter *m)
{
    const gradus_graph *g = m->graph;

    for (int i = 0; i < g->count; i++) {
        const gradus_loss_node *l = gradus_as_loss(g->node[i]);
        if (!l)
            continue;
        for (int row = 0; row < g->batch.rows; row++)
            m->total[i].sum += l->loss[row];
        m->total[i].divisor += l->divisor;
    }
    return m->classifier ? count_labels(m) : 0;
}

int gradus_meter_unite(gradus_meter *m)
{
    if (!m->confusion || !m->classifier || m->graph->ranks->size == 1)
        return 0;
    const size_t K = (size_t)m->classifier->classes;
    double *count = malloc(K * K * sizeof *count);
    if (!count)
        return gradus_lose(m->graph, "a confusion matrix");
    for (size_t i = 0; i < K * K; i++)
        count[i] = (double)m->confusion[i];
    int status = gradus_sum_ranks(m->graph, count, K * K);
    for (size_t i = 0; !status && i < K * K; i++)
        m->confusion[i] = (size_t)count[i];
    free(count);
    return status;
}

/* Each loss is divided by its total D, unless its reduction is the sum. */
static double total_loss(const gradus_meter *m)
{
    double loss = 0;

    for (int i = 0; i < m->graph->count; i++) {
        const gradus_loss_node *l = gradus_as_loss(m->graph->node[i]);
        if (!l)
            continue;
        double D = m->total[i].divisor, sum = l->weight * m->total[i].sum;
        loss += l->reduction != GRADUS_REDUCE_SUM && D > 0 ? sum / D : sum;
    }
    return loss;
}

gradus_metrics gradus_meter_read(const gradus_meter *m)
{
    double n = m->labels ? (double)m->labels : NAN;

    return (gradus_metrics){ .counted = m->labels,
                             .loss = total_loss(m),
                             .accuracy = (double)m->correct / n,
                             .top_k = (double)m->in_top_k / n };
}
