/* rows.c -- rows of data that say what is right, and feeding them to a net. */
#include "rows.h"

#include "common.h"
#include "gradus_layer.h" /* the kind of a node */

#include <string.h>

const gradus_dataset *known_rows(const source *s, const model *m,
                                 const char *part)
{
    const int train = part && strcmp(part, "train") == 0;
    const gradus_dataset *d = s->test && !train ? s->test : s->data;

    if (part && s->kind != SOURCE_IDX)
        complain("%s: has no part called %s: --part is for files in MNIST's "
                 "format; leave it out", s->path, part);
    else if (m->classes ? !d->labels : !d->targets)
        complain("%s: has no column that says what is right; must have the "
                 "%s, or gradus predict is what you want", s->path,
                 m->classes ? "label" : "targets");
    else
        return d;
    return NULL;
}

int check_labels(const source *s, const model *m, const gradus_dataset *d,
                 size_t first, size_t n)
{
    const gradus_loss_node *l = gradus_as_loss(output_of(m->graph));

    for (size_t i = first; m->classes && i < first + n; i++) {
        const int k = d->labels[i];
        if ((k >= 0 && k < m->classes) ||
            (l && l->use_ignore_label && k == l->ignore_label))
            continue;
        complain("%s: row %zu, counted from 0, has the label %d; must be 0 to "
                 "%d, as %s knows %d classes", s->path, i, k, m->classes - 1,
                 m->path, m->classes);
        return -1;
    }
    return 0;
}

/* Feeds rows to an input: the first takes the values, and another one the
 * targets. */
static int feed_values(gradus_node *x, const gradus_dataset *d, size_t first,
                       size_t n)
{
    const size_t from = first * (size_t)gradus_node_size(x);

    if (x->id > 0)
        return gradus_feed(x, d->targets + from, n);
    return d->x ? gradus_feed(x, d->x + from, n)
                : gradus_feed_u8(x, d->pixels + from, n);
}

int feed_rows(const gradus_graph *g, const gradus_dataset *d, size_t first,
              size_t n)
{
    int failed = 0;

    for (int i = 0; i < gradus_node_count(g) && !failed; i++) {
        gradus_node *x = gradus_node_at(g, i);
        if (x->kind == GRADUS_KIND_VALUES)
            failed = feed_values(x, d, first, n);
        else if (x->kind == GRADUS_KIND_LABELS)
            failed = gradus_feed_labels(x, d->labels + first, n);
    }
    return failed;
}

/* A table without a header calls its columns 1, 2, .. */
size_t row_number(const model *m, size_t i)
{
    return i + 1 + (m->table &&
                    strcmp(gradus_column_name(m->table, 0), "1") != 0);
}
