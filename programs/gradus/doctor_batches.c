/* doctor_batches.c -- steps of a training that is only tried. */
#include "doctor_batches.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* The default of gradus train, which suits nets of a few layers. */
static const double STEADY = 0.002;

size_t copy_weights(gradus_graph *g, gradus_real *kept, int back)
{
    const gradus_node *n;
    const gradus_param *w;
    size_t at = 0;

    for (int i = 0; (n = gradus_node_at(g, i)); i++)
        for (int j = 0; (w = gradus_param_at(n, j)); at += w->size, j++)
            if (kept)
                memcpy(back ? w->w : kept + at, back ? kept + at : w->w,
                       w->size * sizeof *kept);
    return at;
}

int begin_batches(batches *b, patient *p, const gradus_dataset *d, int most)
{
    *b = (batches){ .rows = (int)d->n, .from = (int)d->n };
    b->batch = most < b->rows ? most : b->rows;
    b->index = calloc((size_t)b->rows, sizeof *b->index);
    p->failed |= !b->index;
    return b->index ? feed_rows(p->graph, d, 0, d->n) : -1;
}

int next_step(batches *b, gradus_optimiser *o)
{
    if (b->from + b->batch > b->rows) {
        shuffled(b->index, b->rows, (uint64_t)++b->passes);
        b->from = 0;
    }
    b->from += b->batch;
    return gradus_train_step(o, b->index + b->from - b->batch, b->batch);
}

gradus_optimiser *steady(patient *p)
{
    return gradus_adam(p->graph,
                       &(gradus_adam_options){ .learning_rate = STEADY });
}
