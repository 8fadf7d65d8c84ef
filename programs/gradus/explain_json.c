/* explain_json.c -- prints a step of a net, or one entry of a gradient, as
 * JSON. */
#include "explain.h"

#include "common.h"
#include "text.h"

static json_t *spread_json(const spread *s)
{
    return json_pack("{s:o, s:o, s:o, s:f}", "min", json_number(s->min),
                     "mean", json_number(s->mean), "max", json_number(s->max),
                     "zeros", s->zeros);
}

/* [3,17]: the indices of number `at`. */
static json_t *index_json(int rank, const int *shape, size_t at)
{
    char text[64];

    index_text(rank, shape, at, text);
    return json_loads(text, 0, NULL);
}

/* A spread, and the indices of the smallest number and of the largest. */
static json_t *placed_json(const spread *s, int rank, const int *shape)
{
    json_t *json = spread_json(s);

    json_object_set_new(json, "min_at", index_json(rank, shape, s->min_at));
    json_object_set_new(json, "max_at", index_json(rank, shape, s->max_at));
    return json;
}

static json_t *shape_json(int rank, const int *shape)
{
    json_t *axes = json_array();

    for (int i = 0; i < rank; i++)
        json_array_append_new(axes, json_integer(shape[i]));
    return axes;
}

static json_t *parameters_json(const gradus_node *n)
{
    json_t *all = json_array();
    const gradus_param *p;

    for (int j = 0; (p = gradus_param_at(n, j)); j++) {
        if (p->buffer)
            continue;
        const spread w = spread_of(p->w, p->size);
        const spread dw = spread_of(p->dw, p->size);
        json_array_append_new(all, json_pack(
            "{s:s, s:o, s:o, s:o}", "name", p->name, "shape",
            shape_json(p->rank, p->shape), "value", spread_json(&w),
            "gradient", placed_json(&dw, p->rank, p->shape)));
    }
    return all;
}

/* That of a node: the places have rows, too. */
static json_t *gradient_json(const explanation *e, const gradus_node *n,
                             const spread *s)
{
    const size_t min_row = e->first + s->min_at / (size_t)n->size;
    const size_t max_row = e->first + s->max_at / (size_t)n->size;
    json_t *json = placed_json(s, n->rank, n->shape);

    json_object_set_new(json, "min_row", json_integer((json_int_t)min_row));
    json_object_set_new(json, "max_row", json_integer((json_int_t)max_row));
    return json;
}

static json_t *nodes_json(const explanation *e)
{
    json_t *all = json_array();

    for (int i = 0; i < gradus_node_count(e->g); i++) {
        const gradus_node *n = gradus_node_at(e->g, i);
        json_t *node = json_pack(
            "{s:s, s:s, s:o, s:o}", "name", gradus_node_name(n), "op",
            gradus_node_op(n), "shape", shape_json(n->rank, n->shape),
            "parameters", parameters_json(n));
        spread s;
        if (value_spread(e, n, &s))
            json_object_set_new(node, "value", spread_json(&s));
        if (gradient_spread(e, n, &s))
            json_object_set_new(node, "gradient", gradient_json(e, n, &s));
        json_array_append_new(all, node);
    }
    return all;
}

static json_t *numbers_json(const gradus_real *v, int n)
{
    json_t *all = json_array();

    for (int k = 0; k < n; k++)
        json_array_append_new(all, json_number(v[k]));
    return all;
}

/* What the loss makes of each row. */
static json_t *rows_json(const explanation *e)
{
    const gradus_loss_node *l = loss_of(e);
    const int size = l->node.size;
    json_t *all = json_array();

    for (int i = 0; i < e->rows; i++) {
        const size_t at = (size_t)i * (size_t)size;
        json_t *t = json_array();
        for (int k = 0; k < size; k++)
            json_array_append_new(t, json_number(target_of(l, i, k)));
        json_array_append_new(all, json_pack(
            "{s:I, s:o, s:o, s:o, s:o, s:o}", "row",
            (json_int_t)e->first + i, "loss", json_number(l->loss[i]),
            "z", numbers_json(l->node.in[0]->y + at, size), "y",
            numbers_json(l->node.y + at, size), "t", t, "dz",
            numbers_json(l->node.in[0]->dy + at, size)));
    }
    return all;
}

/* The y and the t that the gradient at the operand of the loss comes from. */
static void add_targets(json_t *json, const explanation *e, const term *t)
{
    const gradus_loss_node *l = loss_of(e);
    const size_t at = (size_t)t->row * (size_t)l->node.size + t->at;

    json_object_set_new(json, "y", json_number(l->node.y[at]));
    json_object_set_new(json, "t", json_number(
        target_of(l, t->row, (int)t->at)));
}

static json_t *term_json(const explanation *e, const term *t)
{
    const gradus_node *n = t->of, *x = t->from;
    json_t *json = json_pack(
        "{s:s, s:I, s:o, s:f, s:f, s:f}", "of", gradus_node_name(n), "row",
        (json_int_t)e->first + t->row, "dy_of",
        index_json(n->rank, n->shape, t->at), "dy", t->dy, "x", t->x, "term",
        t->dy * t->x);

    if (x)
        json_object_set_new(json, "x_of", index_json(x->rank, x->shape,
                                                     t->from_at));
    if (t->weight)
        json_object_set_new(json, "x_of", index_json(t->weight->rank,
                                                     t->weight->shape,
                                                     t->from_at));
    if (n->op->loss || n == loss_of(e)->node.in[0])
        add_targets(json, e, t);
    return json;
}

/* Which number it is: of a parameter, or of a row. */
static json_t *name_json(const explanation *e)
{
    const derivation *d = &e->of;
    const gradus_param *p = d->param;
    const gradus_node *n = d->node;

    if (p)
        return json_pack("{s:s, s:s, s:o}", "node", gradus_node_name(n),
                         "parameter", p->name, "entry",
                         index_json(p->rank, p->shape, d->entry));
    return json_pack("{s:s, s:I, s:o}", "node", gradus_node_name(n), "row",
                     (json_int_t)e->first + d->row, "entry",
                     index_json(n->rank, n->shape, d->entry));
}

static json_t *entry_json(const explanation *e)
{
    const derivation *d = &e->of;
    json_t *json = name_json(e), *terms = json_array();

    for (size_t i = 0; i < d->n; i++)
        json_array_append_new(terms, term_json(e, &d->term[i]));
    json_object_update_new(json, json_pack(
        "{s:f, s:f, s:o, s:f, s:f, s:f, s:f, s:f}", "value",
        (double)*number_of(d), "D", divisor_of(loss_of(e)), "terms", terms,
        "sum", d->sum, "gradient", d->gradient, "numeric", d->numeric,
        "numeric_left", d->left, "numeric_right", d->right));
    return json;
}

int print_explanation_json(const explanation *e)
{
    const double loss = gradus_loss(e->g);

    if (e->of.node)
        return print_json(entry_json(e));
    return print_json(json_pack("{s:f, s:f, s:o, s:o}", "loss", loss, "D",
                                divisor_of(loss_of(e)), "rows", rows_json(e),
                                "nodes", nodes_json(e)));
}
