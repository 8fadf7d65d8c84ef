/* explain_numeric.c -- the numeric derivative of the loss by one number, of a
 * parameter or of a node's value. */
#include "explain.h"

/* While the loss is differentiated by a number of a node's value, the node has
 * the op `changed`, whose forward sets that number to x. */
static struct {
    const gradus_op *op; /* its own */
    gradus_op changed;
    int row;
    size_t place;        /* in all rows of the value */
    gradus_real x;
} nudge;

gradus_real *number_of(const derivation *d)
{
    return d->param ? d->param->w + d->entry
                    : d->node->y + (size_t)d->row * (size_t)d->node->size +
                          d->entry;
}

static void forward(gradus_node *n, gradus_part p)
{
    n->op = nudge.op; /* as its forward may compare it with others */
    n->op->forward(n, p);
    n->op = &nudge.changed;
    if (p.row <= nudge.row && nudge.row < p.row + p.rows)
        n->y[nudge.place] = nudge.x;
}

/* Gives the node the op that is its own, or the one that sets the number. */
static void set_op(const explanation *e, int changed)
{
    const derivation *d = &e->of;
    gradus_node *n = gradus_node_at(e->g, d->node->id);

    if (d->param)
        return;
    if (changed) {
        nudge.op = n->op;
        nudge.changed = *n->op;
        nudge.changed.forward = forward;
        nudge.row = d->row;
        nudge.place = (size_t)(number_of(d) - n->y);
    }
    n->op = changed ? &nudge.changed : nudge.op;
}

/* *loss = L where the number is x. */
static int forward_at(explanation *e, double x, double *loss)
{
    if (e->of.param)
        *number_of(&e->of) = (gradus_real)x;
    nudge.x = (gradus_real)x;
    int failed = gradus_forward(e->g, e->index, e->rows);
    *loss = gradus_loss(e->g);
    return failed;
}

/* Finds what dropout multiplies the number by.  It is done where the number
 * has been changed, as 0 would not show it. */
static void find_kept(explanation *e)
{
    derivation *d = &e->of;

    for (int i = d->node->id + 1; i < gradus_node_count(e->g); i++) {
        const gradus_node *u = gradus_node_at(e->g, i);
        if (!d->param && is_op(u, "dropout") && u->in[0] == d->node) {
            d->dropout = u;
            d->kept = u->y[nudge.place] / *number_of(d);
        }
    }
}

int differentiate(explanation *e)
{
    derivation *d = &e->of;
    const double h = 1e-6;
    double at = 0, above = 0, below = 0;

    if (gradus_forward(e->g, e->index, e->rows))
        return -1;
    const gradus_real before = *number_of(d);
    set_op(e, 1);
    int failed = forward_at(e, before, &at) ||
                 forward_at(e, before - h, &below) ||
                 forward_at(e, before + h, &above);
    find_kept(e);
    set_op(e, 0);
    if (d->param)
        *number_of(d) = before;
    if (failed)
        return -1;
    d->numeric = (above - below) / (2 * h);
    d->left = (at - below) / h;
    d->right = (above - at) / h;
    return 0;
}
