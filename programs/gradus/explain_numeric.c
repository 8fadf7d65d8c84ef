/* explain_numeric.c -- the numeric derivative of the loss by one number. */
#include "explain.h"

/* *loss = L where *w is x. */
static int forward_at(explanation *e, gradus_real *w, double x, double *loss)
{
    *w = (gradus_real)x;
    int failed = gradus_forward(e->g, e->index, e->rows);
    *loss = gradus_loss(e->g);
    return failed;
}

int differentiate(explanation *e)
{
    derivation *d = &e->of;
    gradus_real *w = d->param->w + d->entry;
    const gradus_real before = *w;
    const double h = 1e-6;
    double at, above, below;
    int failed = forward_at(e, w, before, &at) ||
                 forward_at(e, w, before + h, &above) ||
                 forward_at(e, w, before - h, &below);

    *w = before;
    if (failed)
        return -1;
    d->numeric = (above - below) / (2 * h);
    d->left = (at - below) / h;
    d->right = (above - at) / h;
    return 0;
}
