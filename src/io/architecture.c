/* architecture.c -- prints a graph's nodes as JSON, and builds them from it.
 *
 *   [{"op":"input","name":"input","in":[],"attr":{"shape":[784]}}, ...
 *    {"op":"dense","name":"dense1","in":[0],"attr":{"units":[128]}}, ...]
 *
 * "in" has the operands' indices in the list; "attr" the settings that the
 * op noted, if there are any; "weight" that of a loss, unless it is 1.  A
 * node is rebuilt by calling its op's constructor, and what that makes has
 * to agree with what the file says.  Operands come before their users, so
 * one pass is enough. */
#include "io/io.h"

#include "base/error.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Prints the settings of n, which has at least one, as an object of lists. */
static int print_attrs(FILE *f, const gradus_node *n)
{
    fputs(",\"attr\":", f);
    for (const gradus_attr *a = n->attr; a; a = a->next) {
        gradus_print_string(f, a == n->attr ? "{" : ",", a->name);
        for (int i = 0; i < a->count; i++) {
            if (!isfinite(a->value[i])) /* JSON has no such numbers */
                return gradus_error_set("%s: %s is %g; must be finite",
                                        n->name, a->name, a->value[i]);
            gradus_print_number(f, i ? "," : ":[", a->value[i]);
        }
        putc(']', f);
    }
    putc('}', f);
    return 0;
}

/* Returns the built-in op of this name, or NULL if there is none. */
static const gradus_op *find_op(const char *name)
{
    for (const gradus_op *const *op = gradus_ops; *op; op++)
        if (name && strcmp((*op)->name, name) == 0)
            return *op;
    return NULL;
}

/* Prints a node, one element of the list.  A model file has only the names of
 * ops, so for an op with the name of a built-in one gradus_load would make a
 * node of that instead. */
static int print_node(FILE *f, const gradus_node *n)
{
    const gradus_op *op = find_op(n->op->name);

    if (op && op != n->op)
        return gradus_error_set("the op of node %s is called %s, as a "
                                "built-in one; rename it", n->name, op->name);
    gradus_print_string(f, "{\"op\":", n->op->name);
    gradus_print_string(f, ",\"name\":", n->name);
    fputs(",\"in\":[", f);
    for (int i = 0; i < n->n_in; i++)
        fprintf(f, "%s%d", i ? "," : "", n->in[i]->id);
    putc(']', f);
    if (n->attr && print_attrs(f, n))
        return -1;
    if (n->op->loss && gradus_as_loss(n)->weight != 1)
        gradus_print_number(f, ",\"weight\":", gradus_as_loss(n)->weight);
    putc('}', f);
    return 0;
}

int gradus_architecture_print(FILE *f, const gradus_contents *c)
{
    for (int i = 0; i < c->graph->count; i++) {
        putc(i ? ',' : '[', f);
        if (print_node(f, c->graph->node[i]))
            return -1;
    }
    putc(']', f);
    return 0;
}

/* Sets the operands of s to the earlier nodes of its graph whose indices are
 * in the list json. */
static int read_operands(const json_t *json, gradus_saved *s)
{
    size_t n = json_array_size(json);

    if (!json_is_array(json) || n > GRADUS_MAX_OPERANDS)
        return gradus_error_set("\"in\" must be a list of at most %d operands",
                                GRADUS_MAX_OPERANDS);
    for (size_t i = 0; i < n; i++) {
        const json_t *operand = json_array_get(json, i);
        double id = json_is_number(operand) ? json_number_value(operand) : -1;
        if (!(id >= 0 && id < s->graph->count) || id != floor(id))
            return gradus_error_set("operand %zu is not the index of an "
                                    "earlier node", i);
        s->in[i] = s->graph->node[(int)id];
    }
    s->n_in = (int)n;
    return 0;
}

/* Appends the settings to *list, which the caller frees, after errors too.
 * json is an object, or NULL if there are no settings. */
static int read_attrs(json_t *json, gradus_attr **list)
{
    const char *name;
    json_t *values;

    if (json && !json_is_object(json))
        return gradus_error_set("\"attr\" must be an object");
    json_object_foreach(json, name, values)
    {
        size_t n = json_array_size(values);
        gradus_attr *a; /* stays in the list even if it is incomplete */
        if (n < 1 || strlen(name) >= sizeof a->name)
            return gradus_error_set("setting %.64s must be a list of numbers, "
                                    "its name at most %zu bytes", name,
                                    sizeof a->name - 1);
        *list = a = calloc(1, sizeof *a + n * sizeof *a->value);
        if (!a)
            return gradus_no_memory("a setting of %zu numbers", n);
        list = &a->next;
        strcpy(a->name, name);
        for (; a->count < (int)n; a->count++) {
            json_t *value = json_array_get(values, (size_t)a->count);
            if (!json_is_number(value))
                return gradus_error_set("setting %s: value %d must be a "
                                        "number", name, a->count);
            a->value[a->count] = json_number_value(value);
        }
    }
    return 0;
}

/* Checks that the settings a of the file and b of the new node are equal.
 * If an op ignored or added a setting, the graph would be saved to another
 * file than it was loaded from. */
static int compare_attrs(const gradus_attr *a, const gradus_attr *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (strcmp(a->name, b->name) != 0 || a->count != b->count ||
            memcmp(a->value, b->value,
                   (size_t)a->count * sizeof *a->value) != 0)
            break;
    if (a || b)
        return gradus_error_set("setting %s is not what its op makes of it",
                                a ? a->name : b->name);
    return 0;
}

/* Builds the node with its op's constructor, and gives it its name and
 * weight.  The constructor may refuse the operands or settings; or, if the
 * file is damaged or not ours, it may make something else of them, which is
 * an error too. */
static int make_node(const json_t *json, const gradus_op *op,
                     const gradus_saved *s)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    const json_t *weight = json_object_get(json, "weight");
    int id = s->graph->count;
    bool takes_none = !op->backward && !op->gradient; /* it is a data node's */
    bool fits = op->unary ? s->n_in == 1 : s->n_in > 0 || takes_none;
    gradus_node *n = NULL;

    if (fits) {
        n = op->unary ? op->unary(s->in[0]) : op->make(s);
        if (!n)
            return -1;
        fits = n->id == id && s->graph->count == id + 1 &&
               n->n_in == s->n_in && memcmp(n->in, s->in, sizeof n->in) == 0;
    }
    if (!fits)
        return gradus_error_set("%s does not take these %d operands",
                                op->name, s->n_in);
    if (weight && !json_is_number(weight))
        return gradus_error_set("\"weight\" must be a number");
    return compare_attrs(s->attr, n->attr) || gradus_set_name(n, name) ||
           (weight && gradus_set_loss_weight(n, json_number_value(weight)));
}

/* Appends the node that json, an element of the list, describes. */
static int read_node(gradus_graph *g, const json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "op"));
    const gradus_op *op = find_op(name);
    gradus_saved s = { .graph = g };

    if (!op)
        return gradus_error_set("op \"%.64s\" is not built in; if it is your "
                                "own, build the graph and call "
                                "gradus_load_parameters", name ? name : "");
    int error = read_operands(json_object_get(json, "in"), &s) ||
                read_attrs(json_object_get(json, "attr"), &s.attr) ||
                make_node(json, op, &s);
    gradus_attrs_free(s.attr);
    return error;
}

int gradus_architecture_read(gradus_graph *g, const json_t *nodes)
{
    if (!json_is_array(nodes))
        return gradus_error_set("gradus.architecture must be a list of nodes");
    for (size_t i = 0; i < json_array_size(nodes); i++)
        if (read_node(g, json_array_get(nodes, i)))
            return gradus_error_set("gradus.architecture[%zu]: %s", i,
                                    gradus_error());
    return 0;
}
