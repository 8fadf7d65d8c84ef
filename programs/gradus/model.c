/* model.c -- a model file that a command is given, and its predictions. */
#include "model.h"

#include "common.h"

#include <string.h>

enum { BATCH = 256 };

/* A large net may not be loaded for a large batch, as it would take more
 * memory than gradus_load allows. */
int open_model(model *m, const char *path, int threads)
{
    *m = (model){ .path = path };
    for (int batch = BATCH; batch && !m->graph; batch /= 16)
        m->graph = gradus_load(path, batch, threads, NULL);
    if (m->graph)
        return 0;
    complain("%s; MODEL must be a file that gradus_save has written, as "
             "gradus train --save and mnist-train --save do", gradus_error());
    return -1;
}

void close_model(model *m)
{
    gradus_table_free(m->table);
    gradus_graph_free(m->graph);
}

const gradus_node *output_of(const gradus_graph *g)
{
    return gradus_node_at(g, gradus_node_count(g) - 1);
}

int is_op(const gradus_node *n, const char *op)
{
    return strcmp(gradus_node_op(n), op) == 0;
}

/* Notes the shape of the input and of the output. */
static int take_shapes(model *m)
{
    const gradus_node *x = gradus_node_at(m->graph, 0),
                      *y = output_of(m->graph);
    const int sorts = is_op(y, "softmax_ce") &&
                      gradus_node_shape(y, NULL) == 1;
    int shape[GRADUS_MAX_RANK];

    if (!is_op(x, "input") ||
        (!sorts && !is_op(y, "mse") && !is_op(y, "huber"))) {
        complain("%s: the net begins with %s (%s) and ends with %s (%s); must "
                 "begin with an input, and end with softmax_ce over classes, "
                 "or with mse or huber", m->path, gradus_node_name(x),
                 gradus_node_op(x), gradus_node_name(y), gradus_node_op(y));
        return -1;
    }
    m->size = gradus_node_size(x);
    m->outputs = gradus_node_size(y);
    m->classes = sorts ? m->outputs : 0;
    if (gradus_node_shape(x, shape) == 3) {
        m->channels = shape[0];
        m->height = shape[1];
        m->width = shape[2];
    }
    return 0;
}

int understand_model(model *m)
{
    if (take_shapes(m))
        return -1;
    const int has_table = gradus_metadata(m->graph, "gradus.table") != NULL;
    m->table = has_table ? gradus_get_table(m->graph) : NULL;
    if (has_table && !m->table)
        complain("%s: %s", m->path, gradus_error());
    else if (!m->table && !m->classes)
        complain("%s: the net predicts numbers, but has no table that says "
                 "what they are; must be a model of gradus train --target",
                 m->path);
    return m->table || (m->classes && !has_table) ? 0 : -1;
}

const char *class_name(const gradus_graph *g, int k)
{
    static char number[16];

    if (gradus_class_count(g) == gradus_node_size(output_of(g)))
        return gradus_class_name(g, k);
    snprintf(number, sizeof number, "%d", k);
    return number;
}

const char *target_name(const model *m, int j)
{
    for (int k = 0; k < gradus_table_columns(m->table); k++)
        if (strcmp(gradus_column_use(m->table, k), "target") == 0 &&
            gradus_column_span(m->table, k, NULL) == j)
            return gradus_column_name(m->table, k);
    return "";
}

int best_class(const gradus_real *y, int classes)
{
    int best = 0;

    for (int k = 1; k < classes; k++)
        best = y[k] > y[best] ? k : best;
    return best;
}

int predict_all(gradus_graph *g, const gradus_dataset *d, gradus_real *y)
{
    const size_t size = (size_t)d->size,
                 outputs = (size_t)gradus_node_size(output_of(g));
    gradus_workspace *w = gradus_workspace_new(g, BATCH);
    int failed = !w;

    for (size_t i = 0; i < d->n && !failed; i += BATCH) {
        const int rows = d->n - i < BATCH ? (int)(d->n - i) : BATCH;
        const gradus_real *part =
            d->x ? gradus_infer(w, d->x + i * size, rows)
                 : gradus_infer_u8(w, d->pixels + i * size, rows);
        failed = !part;
        if (part)
            memcpy(y + i * outputs, part,
                   (size_t)rows * outputs * sizeof *part);
    }
    gradus_workspace_free(w);
    return failed ? -1 : 0;
}
