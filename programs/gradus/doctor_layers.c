/* doctor_layers.c -- the values and gradients of a net's nodes, over many
 * rows. */
#include "doctor_layers.h"
#include "rows.h"

#include "gradus_layer.h" /* a node's values, also of those that are fused */

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows that the net is tried on: a unit that is on in one of a hundred rows
 * is missed with a probability of 0.99^512, which is 0.6 %. */
enum { TRIED = 512 };

/* How near an end of its range the y of a sigmoid or a tanh is where that is
 * flat: there its slope is at most 0.01 or 0.02. */
static const double FLAT = 0.01;

const disease step_fails = {
    "step-fails",
    "training stops there",
    "mend what the message names",
    "docs/numbers.md" };

const gradus_param *weight_of(const gradus_node *n)
{
    const gradus_param *w = gradus_find_param(n, "weight");

    return w && w->rank > 1 ? w : NULL;
}

const gradus_node *result_of(const gradus_node *n)
{
    return n->result;
}

const gradus_node *relu_of(const gradus_graph *g, const gradus_node *n)
{
    const gradus_node *m;

    for (int i = n->id + 1; (m = gradus_node_at(g, i)); i++) {
        const gradus_node *x = m->n_in ? m->in[0] : NULL;
        if (x && is_op(x, "batchnorm"))
            x = x->in[0];
        if (x == n && is_op(m, "relu"))
            return m;
    }
    return n;
}

const layer_seen *seen_of(const patient *p, const gradus_node *n)
{
    return &p->seen[n->result->id];
}

/* ---- one batch ------------------------------------------------------- */

static int is_flat(const gradus_node *n, double y)
{
    return (is_op(n, "sigmoid") && (y < FLAT || y > 1 - FLAT)) ||
           (is_op(n, "tanh") && fabs(y) > 1 - FLAT);
}

/* Adds the values of n in the batch of `rows` rows.  Until finish, means and
 * fractions are sums, and root mean squares sums of squares. */
static void add_values(layer_seen *s, const gradus_node *n, int rows)
{
    const size_t size = (size_t)n->size, positions = size / (size_t)s->units;

    for (size_t i = 0; i < (size_t)rows * size; i++) {
        const double y = n->y[i];
        s->least = s->count && s->least < y ? s->least : y;
        s->greatest = s->count && s->greatest > y ? s->greatest : y;
        s->mean += y;
        s->rms += y * y;
        s->zeros += y == 0;
        s->flat += is_flat(n, y);
        s->fired[i % size / positions] |= y != 0;
        s->gradient += n->dy ? (double)n->dy[i] * n->dy[i] : 0;
        s->count++;
    }
    s->rows += (size_t)rows;
}

/* Is the gradient of the layer's weight 0 in all places? */
static int is_still(const gradus_node *n)
{
    const gradus_param *w = weight_of(n);

    for (size_t i = 0; w && i < w->size; i++)
        if (w->dw[i] != 0)
            return 0;
    return w != NULL;
}

static void add_batch(patient *p, int rows)
{
    const gradus_node *n;

    for (int i = 0; (n = gradus_node_at(p->graph, i)); i++) {
        layer_seen *s = &p->seen[i];
        if (n->result == n && n->y)
            add_values(s, n, rows);
        s->no_gradient &= is_still(n);
    }
}

/* ---- all batches ----------------------------------------------------- */

/* Turns sums into means, and counts the units that never fired. */
static void finish(layer_seen *s)
{
    const char *fired = s->fired;
    const double n = (double)s->count;

    s->fired = NULL;
    if (!s->count)
        return;
    s->mean /= n;
    s->rms = sqrt(s->rms / n);
    s->std = sqrt(fmax(0, s->rms * s->rms - s->mean * s->mean));
    s->zeros /= n;
    s->flat /= n;
    s->gradient = sqrt(s->gradient / n);
    for (int u = 0; u < s->units; u++)
        s->dead += !fired[u];
}

/* The loss of predictions that are the mean of the targets, whatever the
 * input: their variance, or half of it (or less, beyond delta) in Huber's. */
static double guess_numbers(const patient *p, const gradus_node *loss)
{
    const layer_seen *t = &p->seen[loss->in[1]->id];

    return t->std * t->std * (is_op(loss, "huber") ? 0.5 : 1);
}

double guess_of(const patient *p, int rows)
{
    const gradus_node *last =
        gradus_node_at(p->graph, gradus_node_count(p->graph) - 1);
    const gradus_loss_node *l = (const gradus_loss_node *)last;
    const int classes = is_op(last, "softmax_ce");
    const double each = classes ? log(last->size) : guess_numbers(p, last);

    if (l->reduction != GRADUS_REDUCE_SUM)
        return l->weight * each;
    return l->weight * each * rows * (classes ? 1 : last->size);
}

/* Tries the net on batches of b rows. */
static void try_batches(patient *p, int b, int *index)
{
    const int n = (int)p->train.n, all = n < TRIED ? n : TRIED;
    int batches = 0;
    int failed = feed_rows(p->graph, &p->train, 0, p->train.n);

    p->loss.first = 0;
    shuffled(index, n, 1);
    for (int from = 0; (from + b <= all || !from) && !failed; from += b) {
        failed = gradus_forward(p->graph, index + from, b) ||
                 gradus_backward(p->graph);
        p->loss.first += failed ? 0 : gradus_loss(p->graph);
        if (!failed)
            add_batch(p, b);
        batches += !failed;
    }
    if (failed)
        found(p, &step_fails, "%s", gradus_error());
    p->loss.first = batches ? p->loss.first / batches : NAN;
}

/* Begins p->seen; fired has room for the flags of all nodes' units. */
static void begin(patient *p, char *fired)
{
    const gradus_node *n;

    for (int i = 0; (n = gradus_node_at(p->graph, i)); fired += n->size, i++) {
        p->seen[i].units = n->rank == 3 ? n->shape[0] : n->size;
        p->seen[i].no_gradient = 1;
        p->seen[i].fired = fired;
    }
}

int see_layers(patient *p)
{
    const int nodes = gradus_node_count(p->graph);
    const int n = (int)p->train.n, b = p->batch < n ? p->batch : n;
    size_t units = 0;

    for (int i = 0; i < nodes; i++)
        units += (size_t)gradus_node_size(gradus_node_at(p->graph, i));
    p->seen = calloc((size_t)nodes, sizeof *p->seen);
    int *index = calloc((size_t)n, sizeof *index);
    char *fired = calloc(units, 1);
    const int failed = !p->seen || !index || !fired;
    if (!failed) {
        begin(p, fired);
        try_batches(p, b, index);
        for (int i = 0; i < nodes; i++)
            finish(&p->seen[i]);
        p->loss.guess = guess_of(p, b);
    }
    p->failed |= failed;
    free(index);
    free(fired);
    return failed ? -1 : 0;
}
