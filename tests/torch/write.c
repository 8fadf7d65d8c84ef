/* write.c -- graphs with known numbers, and what they compute, in files.
 *
 *   index   a line for each tensor: case name dim dim ...
 *   values  the tensors' numbers in that order, floats as they lie in memory
 */
#include "write.h"

#include <stdlib.h>
#include <string.h>

static FILE *lines, *values;
static const char *current = "";  /* the case */
static gradus_real pool[1 << 17]; /* the numbers that write_draw gives out */
static size_t drawn;              /* how many it has given out */

void write_check(int status)
{
    if (!status)
        return;
    fprintf(stderr, "torch-layers: %s: %s\n", current, gradus_error());
    exit(1);
}

static FILE *create(const char *dir, const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f) {
        perror(path);
        exit(1);
    }
    return f;
}

void write_open(const char *dir)
{
    lines = create(dir, "index");
    values = create(dir, "values");
}

void write_close(void)
{
    int failed = ferror(lines) | ferror(values);

    failed |= fclose(lines);
    failed |= fclose(values);
    if (failed) {
        fprintf(stderr, "torch-layers: the files could not be written\n");
        exit(1);
    }
}

void write_case(const char *name)
{
    current = name;
}

void write_numbers(const char *name, int rank, const int *shape,
                   const gradus_real *v)
{
    size_t size = 1;

    fprintf(lines, "%s %s", current, name);
    for (int i = 0; i < rank; i++) {
        fprintf(lines, " %d", shape[i]);
        size *= (size_t)shape[i];
    }
    fputc('\n', lines);
    fwrite(v, sizeof *v, size, values);
}

static void write_labels(const gradus_node *n)
{
    gradus_real v[256];

    for (int i = 0; i < WRITE_ROWS * n->size; i++)
        v[i] = (gradus_real)n->fed.labels[i];
    write_numbers(n->name, 2, (int[]){ WRITE_ROWS, n->size }, v);
}

void write_data(const gradus_graph *g)
{
    for (int i = 0; i < gradus_node_count(g); i++) {
        const gradus_node *n = gradus_node_at(g, i);
        if (n->kind == GRADUS_KIND_LABELS)
            write_labels(n);
        else if (n->kind != GRADUS_KIND_COMPUTED)
            write_numbers(n->name, 2, (int[]){ WRITE_ROWS, n->size },
                          n->fed.x);
    }
}

static void write_param(const gradus_node *n, const gradus_param *p,
                        const char *when, const gradus_real *v)
{
    char name[96];

    snprintf(name, sizeof name, "%s%s.%s", when, n->name, p->name);
    write_numbers(name, p->rank, p->shape, v);
}

void write_parameters(const gradus_graph *g, const char *when)
{
    for (int i = 0; i < gradus_node_count(g); i++) {
        const gradus_node *n = gradus_node_at(g, i);
        for (int j = 0; j < n->n_params; j++)
            write_param(n, &n->param[j], when, n->param[j].w);
    }
}

static void write_input_gradient(const gradus_node *n)
{
    char name[64];

    snprintf(name, sizeof name, "d_%s", n->name);
    write_numbers(name, 2, (int[]){ WRITE_ROWS, n->size }, n->dy);
}

void write_gradients(const gradus_graph *g)
{
    for (int i = 0; i < gradus_node_count(g); i++) {
        const gradus_node *n = gradus_node_at(g, i);
        for (int j = 0; j < n->n_params; j++)
            if (!n->param[j].buffer)
                write_param(n, &n->param[j], "d_", n->param[j].dw);
        if (n->kind == GRADUS_KIND_VALUES && n->dy)
            write_input_gradient(n);
    }
}

gradus_real *write_draw(size_t n)
{
    gradus_real *v = pool + drawn;
    gradus_random r;

    if (n > sizeof pool / sizeof *pool - drawn) {
        fprintf(stderr, "torch-layers: %s: too many numbers are drawn; make "
                "the pool in write.c larger\n", current);
        exit(1);
    }
    gradus_random_init(&r, 1, 0, drawn);
    for (size_t i = 0; i < n; i++)
        v[i] = (gradus_real)(4 * gradus_random_uniform(&r) - 2);
    drawn += n;
    return v;
}

void write_draw_parameters(gradus_graph *g)
{
    for (int i = 0; i < gradus_node_count(g); i++) {
        gradus_node *n = gradus_node_at(g, i);
        for (int j = 0; j < n->n_params; j++) {
            gradus_param *p = &n->param[j];
            if (!p->buffer)
                memcpy(p->w, write_draw(p->size), p->size * sizeof *p->w);
        }
    }
}

void write_feed_inputs(gradus_graph *g, int tokens)
{
    for (int i = 0; i < gradus_node_count(g); i++) {
        gradus_node *n = gradus_node_at(g, i);
        if (n->kind != GRADUS_KIND_VALUES)
            continue;
        gradus_real *v = write_draw((size_t)WRITE_ROWS * (size_t)n->size);
        for (int k = 0; tokens && !i && k < WRITE_ROWS * n->size; k++)
            v[k] = (gradus_real)(int)((v[k] + 2) * 1.75f);
        write_check(gradus_feed(n, v, WRITE_ROWS));
    }
}

void write_value(const char *name, const gradus_node *n)
{
    int shape[4] = { WRITE_ROWS };

    memcpy(shape + 1, n->shape, sizeof n->shape);
    write_numbers(name, n->rank + 1, shape, n->y);
}

void write_train(gradus_optimiser *o)
{
    enum { HALF = WRITE_ROWS / 2 };
    static const int halves[2][HALF] = { { 0, 1, 2 }, { 3, 4, 5 } };

    for (int step = 0; step < WRITE_STEPS; step++)
        write_check(gradus_train_step(o, halves[step % 2], HALF));
}
