/* summary.c -- prints a graph as a table: for each node a line with its
 * operands, shape, number of parameters and bytes of memory, a line with the
 * totals, and one that says how many of the parameters are not trained. */
#include "base/error.h"
#include "graph/cut.h"
#include "graph/graph.h"

#include <string.h>

/* Writes the names of n's operands; "-" if it has none.  A list that is too
 * long is cut off. */
static void operands_text(const gradus_node *n, char text[64])
{
    size_t at = 0;

    strcpy(text, "-");
    for (int j = 0; j < n->n_in && at < 64; j++)
        at += (size_t)snprintf(text + at, 64 - at, "%s%s", j ? " " : "",
                               n->in[j]->name);
}

static size_t parameters_of(const gradus_node *n)
{
    size_t count = 0;

    for (int j = 0; j < n->n_params; j++)
        count += n->param[j].size;
    return count;
}

/* Returns how many of these are buffers: saved, but not trained. */
static size_t buffers_of(const gradus_node *n)
{
    size_t count = 0;

    for (int j = 0; j < n->n_params; j++)
        if (n->param[j].buffer)
            count += n->param[j].size;
    return count;
}

/* The memory of a node in bytes: its parameters and its values for max_batch
 * rows, both with their gradients, and what its op keeps from forward to
 * backward, sums up or computes as shares of each slice.  (A loss also has 8
 * bytes for each row, which are not counted.) */
static size_t bytes_of(const gradus_node *n, int max_batch)
{
    size_t rows = (size_t)max_batch, values = rows * (size_t)n->size;
    size_t slices = (size_t)gradus_slice_most(max_batch);
    size_t reals = parameters_of(n) * (n->share[0] ? 2 + slices : 2) +
                   n->keep + rows * n->keep_row;

    if (n->y)
        reals += n->dy ? 2 * values : values;
    return reals * sizeof(gradus_real) +
           slices * (size_t)n->n_sums * sizeof *n->sums +
           (n->label ? values * sizeof *n->label : 0);
}

int gradus_summary(const gradus_graph *g, FILE *out)
{
    size_t parameters = 0, buffers = 0, bytes = 0;

    if (!g || !out)
        return gradus_error_set("gradus_summary: the %s is NULL",
                                g ? "file" : "graph");
    fprintf(out, "%-17s %-24s %-16s %12s %12s\n", "node", "operands", "shape",
            "parameters", "bytes");
    for (int i = 0; i < g->count; i++) {
        const gradus_node *n = g->node[i];
        char shape[64], operands[64];
        gradus_shape_text("B", n->rank, n->shape, shape);
        operands_text(n, operands);
        fprintf(out, "%-17s %-24s %-16s %12zu %12zu\n", n->name, operands,
                shape, parameters_of(n), bytes_of(n, g->max_batch));
        parameters += parameters_of(n);
        buffers += buffers_of(n);
        bytes += bytes_of(n, g->max_batch);
    }
    fprintf(out, "%-17s %-24s %-16s %12zu %12zu\n", "total", "", "",
            parameters, bytes);
    if (buffers)
        fprintf(out, "%zu of the parameters are buffers (running means and "
                "variances, say), which no optimiser changes\n", buffers);
    if (fflush(out) || ferror(out))
        return gradus_error_set("gradus_summary: cannot write to the file");
    return 0;
}
