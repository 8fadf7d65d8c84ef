/* architecture.c -- a graph's nodes as JSON, and made again from it.
 *
 *   [{"op":"input","name":"input","in":[],"attr":{"shape":[784]}}, ...
 *    {"op":"dense","name":"dense1","in":[0],"attr":{"units":[128]}}, ...]
 *
 * in: operands, by their places in the list; attr: the settings that the op
 * noted, if any; weight: a loss's, if not 1.  Ops make their nodes again, with
 * their constructors; what they make has to agree with what the file says. */
#include "io/io.h"

#include "base/error.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int print_attrs(FILE *f, const gradus_node *n)
{
    fputs(",\"attr\":", f);
    for (const gradus_attr *a = n->attr; a; a = a->next) {
        putc(a == n->attr ? '{' : ',', f);
        gradus_print_string(f, a->name);
        for (int i = 0; i < a->count; i++) {
            if (!isfinite(a->value[i])) /* JSON has no such numbers */
                return gradus_error_set("not saved: %s: %s is %g", n->name,
                                        a->name, a->value[i]);
            fputs(i ? "," : ":[", f);
            gradus_print_number(f, a->value[i]);
        }
        putc(']', f);
    }
    putc('}', f);
    return 0;
}

static int print_node(FILE *f, const gradus_node *n)
{
    fputs("{\"op\":", f);
    gradus_print_string(f, n->op->name);
    fputs(",\"name\":", f);
    gradus_print_string(f, n->name);
    fputs(",\"in\":[", f);
    for (int i = 0; i < n->n_in; i++)
        fprintf(f, "%s%d", i ? "," : "", n->in[i]->id);
    putc(']', f);
    if (n->attr && print_attrs(f, n))
        return -1;
    if (n->is_loss && n->weight != 1) {
        fputs(",\"weight\":", f);
        gradus_print_number(f, n->weight);
    }
    putc('}', f);
    return 0;
}

int gradus_architecture_print(FILE *f, const gradus_graph *g)
{
    for (int i = 0; i < g->count; i++) {
        putc(i ? ',' : '[', f);
        if (print_node(f, g->node[i]))
            return -1;
    }
    putc(']', f);
    return 0;
}

static const gradus_op *find_op(const char *name)
{
    for (const gradus_op *const *op = gradus_ops; *op; op++)
        if (name && strcmp((*op)->name, name) == 0)
            return *op;
    gradus_error_set("op \"%.64s\" is none of gradus's; for your own, build "
                     "the graph and call gradus_load_parameters",
                     name ? name : "");
    return NULL;
}

static int read_operands(const gradus_graph *g, const cJSON *json,
                         gradus_node **in)
{
    int n = 0;
    const cJSON *i;

    if (!cJSON_IsArray(json) || cJSON_GetArraySize(json) > GRADUS_MAX_OPERANDS)
        return gradus_error_set("\"in\" is no list of at most %d operands",
                                GRADUS_MAX_OPERANDS);
    cJSON_ArrayForEach(i, json)
    {
        double id = cJSON_IsNumber(i) ? i->valuedouble : -1;
        if (!(id >= 0 && id < g->count) || id != floor(id))
            return gradus_error_set("operand %d is no node made before", n);
        in[n++] = g->node[(int)id];
    }
    return n;
}

static gradus_attr *read_attr(const cJSON *json)
{
    int n = cJSON_GetArraySize(json);
    gradus_attr *a = NULL;
    const cJSON *i;

    if (!cJSON_IsArray(json) || n < 1 ||
        strlen(json->string) >= sizeof a->name) {
        gradus_error_set("setting %.64s is no list of numbers", json->string);
        return NULL;
    }
    a = calloc(1, sizeof *a + (size_t)n * sizeof *a->value);
    if (!a) {
        gradus_error_set("out of memory for a setting of %d numbers", n);
        return NULL;
    }
    strcpy(a->name, json->string);
    cJSON_ArrayForEach(i, json)
    {
        a->value[a->count++] = cJSON_IsNumber(i) ? i->valuedouble : NAN;
        if (!isfinite(a->value[a->count - 1])) {
            gradus_error_set("setting %s: value %d is no number that a double "
                             "holds", a->name, a->count - 1);
            free(a);
            return NULL;
        }
    }
    return a;
}

static void free_attrs(gradus_attr *a)
{
    for (gradus_attr *next; a; a = next) {
        next = a->next;
        free(a);
    }
}

/* The settings in their order; json is an object, or NULL: none. */
static int read_attrs(const cJSON *json, gradus_attr **list)
{
    const cJSON *i;

    *list = NULL;
    if (json && !cJSON_IsObject(json))
        return gradus_error_set("\"attr\" is no object");
    cJSON_ArrayForEach(i, json)
    {
        *list = read_attr(i);
        if (!*list)
            return -1;
        list = &(*list)->next;
    }
    return 0;
}

/* That the op understood everything, and left nothing out. */
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

static int make_node(gradus_graph *g, const cJSON *json, const gradus_op *op,
                     gradus_node *const *in, int n_in, const gradus_attr *attr)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "name");
    const cJSON *weight = cJSON_GetObjectItemCaseSensitive(json, "weight");
    int id = g->count;
    gradus_node *n = op->make(g, in, n_in, attr);

    if (!n)
        return -1;
    if (n->id != id || g->count != id + 1 || n->n_in != n_in ||
        memcmp(n->in, in, (size_t)n_in * sizeof *in) != 0)
        return gradus_error_set("%s does not take these %d operands",
                                op->name, n_in);
    if (weight && !cJSON_IsNumber(weight))
        return gradus_error_set("\"weight\" is no number");
    return compare_attrs(attr, n->attr) ||
           gradus_name(n, cJSON_GetStringValue(name)) ||
           (weight && gradus_loss_weight(n, weight->valuedouble));
}

static int read_node(gradus_graph *g, const cJSON *json)
{
    const cJSON *op = cJSON_GetObjectItemCaseSensitive(json, "op");
    const gradus_op *known = find_op(cJSON_GetStringValue(op));
    gradus_node *in[GRADUS_MAX_OPERANDS];
    gradus_attr *attr = NULL;

    if (!known)
        return -1;
    int n_in =
        read_operands(g, cJSON_GetObjectItemCaseSensitive(json, "in"), in);
    int error =
        n_in < 0 ||
        read_attrs(cJSON_GetObjectItemCaseSensitive(json, "attr"), &attr) ||
        make_node(g, json, known, in, n_in, attr);
    free_attrs(attr);
    return error;
}

int gradus_architecture_read(gradus_graph *g, const cJSON *nodes)
{
    const cJSON *i;

    if (!cJSON_IsArray(nodes))
        return gradus_error_set("gradus.architecture is no list of nodes");
    cJSON_ArrayForEach(i, nodes)
    {
        char where[64];
        snprintf(where, sizeof where, "gradus.architecture[%d]", g->count);
        if (read_node(g, i))
            return gradus_error_prefix("%s", where);
    }
    return 0;
}
