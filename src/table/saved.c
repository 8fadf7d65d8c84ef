/* saved.c -- a table in the metadata of a model file, as JSON:
 *
 *   {"separator": ",", "header": true, "fill": 1, "columns": [
 *     {"name": "age", "kind": 0, "missing": true, "indicator": false},
 *     {"name": "sex", "kind": 1, .., "categories": ["female", "male"]}, ..]}
 *
 * The scales are not in it: those are settings of the inputs. */
#define _POSIX_C_SOURCE 200809L
#include "table/table.h"

#include "base/error.h"
#include "graph/graph.h"

#include <jansson.h>
#include <stdlib.h>

static json_t *column_to_json(const gradus_column *c)
{
    json_t *json = json_pack("{s:s, s:i, s:b, s:b}", "name", c->name, "kind",
                             (int)c->kind, "missing", (int)c->missing,
                             "indicator", (int)c->indicator);
    json_t *categories = json_array();

    for (int i = 0; i < c->categories; i++)
        json_array_append_new(categories, json_string(c->category[i]));
    json_object_set_new(json, "categories", categories);
    return json;
}

/* The text is UTF-8, as jansson takes no other: then it is NULL, as if memory
 * had run out. */
int gradus_table_save(const gradus_table *t, gradus_node *x)
{
    char separator[2] = { t->separator, '\0' };
    json_t *columns = json_array();
    char *text = NULL;

    for (int k = 0; k < t->columns; k++)
        json_array_append_new(columns, column_to_json(&t->column[k]));
    json_t *json = json_pack("{s:s, s:b, s:i, s:o}", "separator", separator,
                             "header", (int)t->header, "fill", (int)t->fill,
                             "columns", columns);
    if (json && json_array_size(columns) == (size_t)t->columns)
        text = json_dumps(json, JSON_COMPACT);
    int error = !text ? gradus_error_set("gradus_set_table: a name or a "
                                         "category is not UTF-8, or memory "
                                         "ran out")
                      : gradus_set_note(x->graph, "gradus.table", text);
    free(text);
    json_decref(json);
    return error;
}

/* Sets the column to what the JSON says. */
static int column_from_json(gradus_column *c, json_t *json)
{
    const char *name = NULL;
    int kind = -1, missing = 0, indicator = 0;
    json_t *categories = NULL;

    if (json_unpack(json, "{s:s, s:i, s:b, s:b, s:o}", "name", &name, "kind",
                    &kind, "missing", &missing, "indicator", &indicator,
                    "categories", &categories) ||
        kind < 0 || kind >= GRADUS_COLUMN_KINDS || !json_is_array(categories))
        return gradus_error_set("gradus.table: a column is not as "
                                "gradus_set_table writes it");
    c->kind = (gradus_column_kind)kind;
    c->missing = missing;
    c->indicator = indicator && kind <= GRADUS_COLUMN_TEXT;
    c->name = strdup(name);
    const size_t n = json_array_size(categories);
    c->category = calloc(n + 1, sizeof *c->category);
    if (!c->name || !c->category)
        return gradus_no_memory("the columns of a table");
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(categories, i));
        if (!text)
            return gradus_error_set("gradus.table: category %zu of \"%.64s\" "
                                    "is not a text", i, name);
        c->category[i] = strdup(text);
        if (!c->category[i])
            return gradus_no_memory("the categories of %.64s", name);
        c->categories++;
    }
    return 0;
}

static gradus_table *from_json(const json_t *json)
{
    const json_t *columns = json_object_get(json, "columns");
    const char *separator =
        json_string_value(json_object_get(json, "separator"));
    const json_int_t fill = json_integer_value(json_object_get(json, "fill"));
    const size_t n = json_array_size(columns);

    if (n < 1 || n > INT_MAX / 2 || !separator || !*separator ||
        !strchr(",;|:\t", *separator) || separator[1] || fill < 0 ||
        fill > GRADUS_MISSING_MOST_FREQUENT)
        return gradus_error_set("gradus.table is not as gradus_set_table "
                                "writes it"), NULL;
    gradus_table *t = gradus_table_allocate((int)n);
    if (!t)
        return NULL;
    t->separator = *separator;
    t->header = json_is_true(json_object_get(json, "header"));
    t->fill = (gradus_missing)fill;
    for (size_t k = 0; k < n; k++)
        if (column_from_json(&t->column[k], json_array_get(columns, k))) {
            gradus_table_free(t);
            return NULL;
        }
    gradus_table_number(t);
    return t;
}

gradus_table *gradus_get_table(const gradus_graph *g)
{
    const char *text = gradus_metadata(g, "gradus.table");
    json_error_t error;

    if (!text)
        return gradus_error_set("gradus_get_table: the %s", g
                                ? "graph has no table: gradus_set_table was "
                                  "not called" : "graph is NULL"), NULL;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return gradus_error_set("gradus.table, byte %d: %s", error.position,
                                error.text), NULL;
    gradus_table *t = from_json(json);
    json_decref(json);
    return t;
}

/* ---- what is in it ---------------------------------------------------------- */

int gradus_table_columns(const gradus_table *t)
{
    return t ? t->columns : 0;
}

static const gradus_column *column_at(const gradus_table *t, int k)
{
    return t && k >= 0 && k < t->columns ? &t->column[k] : NULL;
}

const char *gradus_column_name(const gradus_table *t, int k)
{
    const gradus_column *c = column_at(t, k);

    return c ? c->name : NULL;
}

const char *gradus_column_use(const gradus_table *t, int k)
{
    static const char *const uses[GRADUS_COLUMN_KINDS] = {
        "number", "text", "label", "target", "ignored" };
    const gradus_column *c = column_at(t, k);

    return c ? uses[c->kind] : NULL;
}

const char *gradus_column_fault(const gradus_table *t, int k)
{
    const gradus_column *c = column_at(t, k);

    return c ? c->fault : NULL;
}

const char *gradus_column_category(const gradus_table *t, int k, int i)
{
    const gradus_column *c = column_at(t, k);

    return c && i >= 0 && i < c->categories ? c->category[i] : NULL;
}

int gradus_column_span(const gradus_table *t, int k, int *count)
{
    const gradus_column *c = column_at(t, k);

    if (count)
        *count = c ? c->kind == GRADUS_COLUMN_TARGET ? 1
                                                     : gradus_column_values(c)
                   : 0;
    return c ? c->first : -1;
}
