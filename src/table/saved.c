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
#include "base/json.h"
#include "base/locale.h"
#include "base/number.h"
#include "graph/graph.h"

#include <stdlib.h>

/* Returns NULL if memory runs out. */
static json_t *column_to_json(const gradus_column *c)
{
    json_t *categories = json_array();
    int error = !categories;

    for (int i = 0; i < c->categories && !error; i++)
        error = json_array_append_new(categories, json_string(c->category[i]));
    json_t *json = error ? NULL : json_pack(
        "{s:s, s:i, s:b, s:b, s:O}", "name", c->name, "kind", (int)c->kind,
        "missing", (int)c->missing, "indicator", (int)c->indicator,
        "categories", categories);
    json_decref(categories);
    return json;
}

/* Returns NULL if memory runs out. */
static json_t *to_json(const gradus_table *t)
{
    const char separator[2] = { t->separator, '\0' };
    json_t *columns = json_array();
    int error = !columns;

    for (int k = 0; k < t->columns && !error; k++)
        error = json_array_append_new(columns, column_to_json(&t->column[k]));
    json_t *json = error ? NULL : json_pack(
        "{s:s, s:b, s:i, s:O}", "separator", separator, "header",
        (int)t->header, "fill", (int)t->fill, "columns", columns);
    json_decref(columns);
    return json;
}

/* Prints t as JSON, to be freed.  Returns NULL if memory runs out. */
static char *print(const gradus_table *t)
{
    json_t *json = to_json(t);
    const size_t n = json ? json_dumpb(json, NULL, 0, JSON_COMPACT) : 0;
    char *text = n ? malloc(n + 1) : NULL;

    if (text && json_dumpb(json, text, n, JSON_COMPACT) == n) {
        text[n] = '\0';
    } else {
        free(text);
        text = NULL;
    }
    json_decref(json);
    return text;
}

/* That the texts are UTF-8, as jansson needs them to be, columns.c has
 * checked.  What is printed is parsed as a test, since it may be too much. */
int gradus_table_save(const gradus_table *t, gradus_node *x)
{
    char *text = print(t);

    if (!text)
        return gradus_no_memory("a table of %d columns", t->columns);
    json_t *json = gradus_json_parse("gradus_set_table: the table", text,
                                     strlen(text), 0);
    int error = json ? gradus_set_note(x->graph, "gradus.table", text) : -1;
    json_decref(json);
    free(text);
    return error;
}

/* ---- reading what may be meant to do harm ------------------------------- */

static int refuse(const char *what)
{
    return gradus_error_set("gradus.table: %s is not as gradus_set_table "
                            "writes it", what);
}

/* Sets the column's categories to the texts of the list. */
static int read_categories(gradus_column *c, const json_t *list)
{
    const size_t n = json_array_size(list);

    if (n > GRADUS_MOST_CATEGORIES)
        return gradus_error_set("gradus.table: column \"%.64s\" has %zu "
                                "categories; must have at most %d", c->name, n,
                                GRADUS_MOST_CATEGORIES);
    c->category = calloc(n + 1, sizeof *c->category);
    if (!c->category)
        return gradus_no_memory("the categories of %.64s", c->name);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text)
            return refuse("a category");
        c->category[i] = strdup(text);
        if (!c->category[i])
            return gradus_no_memory("the categories of %.64s", c->name);
        c->categories++;
    }
    return 0;
}

/* Are the categories sorted, and none there twice?  Those of a label are
 * sorted by size if all are numbers. */
static bool are_sorted(const gradus_column *c)
{
    bool numbers = c->kind == GRADUS_COLUMN_LABEL;
    double v;

    for (int i = 0; i < c->categories; i++)
        numbers = numbers && gradus_number_parse(c->category[i], &v) == 0;
    for (int i = 1; i < c->categories; i++)
        if ((numbers ? gradus_by_number : gradus_by_name)(
                &c->category[i - 1], &c->category[i]) >= 0)
            return false;
    return true;
}

/* Sets the column to what the JSON says. */
static int read_column(gradus_column *c, json_t *json)
{
    const char *name;
    json_int_t kind;
    int missing, indicator;
    json_t *list;

    if (json_unpack(json, "{s:s, s:I, s:b, s:b, s:o!}", "name", &name, "kind",
                    &kind, "missing", &missing, "indicator", &indicator,
                    "categories", &list) ||
        kind < 0 || kind >= GRADUS_COLUMN_KINDS || !json_is_array(list))
        return refuse("a column");
    c->kind = (gradus_column_kind)kind;
    c->missing = missing;
    c->indicator = indicator;
    c->name = strdup(name);
    if (!c->name)
        return gradus_no_memory("the columns of a table");
    if (read_categories(c, list))
        return -1;
    const bool lists = c->kind == GRADUS_COLUMN_TEXT ||
                       c->kind == GRADUS_COLUMN_LABEL;
    if (lists != (c->categories > 0) || !are_sorted(c) ||
        (indicator && (!missing || c->kind > GRADUS_COLUMN_TEXT)))
        return gradus_error_set("gradus.table: column \"%.64s\" is not as "
                                "gradus_set_table writes it", c->name);
    return 0;
}

/* Checks what several columns have together, and numbers their values. */
static int check(gradus_table *t)
{
    int labels = 0;

    for (int k = 0; k < t->columns; k++)
        labels += t->column[k].kind == GRADUS_COLUMN_LABEL;
    if (gradus_table_check_names(t, "gradus.table") ||
        gradus_table_number(t, "gradus.table"))
        return -1;
    return labels > 1 || t->values < 1
               ? gradus_error_set("gradus.table: has %d columns of labels and "
                                  "%d values; must have at most 1, and at "
                                  "least 1", labels, t->values) : 0;
}

static gradus_table *from_json(json_t *json)
{
    const char *separator;
    int header;
    json_int_t fill;
    json_t *columns;

    if (json_unpack(json, "{s:s, s:b, s:I, s:o!}", "separator", &separator,
                    "header", &header, "fill", &fill, "columns", &columns) ||
        !*separator || !strchr(",;|:\t", *separator) || separator[1] ||
        fill < 0 || fill > GRADUS_MISSING_MOST_FREQUENT ||
        json_array_size(columns) < 1)
        return refuse("it"), NULL;
    gradus_table *t = gradus_table_allocate((int)json_array_size(columns));
    if (!t)
        return NULL;
    t->separator = *separator;
    t->header = header;
    t->fill = (gradus_missing)fill;
    int error = 0;
    for (int k = 0; k < t->columns && !error; k++)
        error = read_column(&t->column[k],
                            json_array_get(columns, (size_t)k));
    if (error || check(t)) {
        gradus_table_free(t);
        return NULL;
    }
    return t;
}

gradus_table *gradus_get_table(const gradus_graph *g)
{
    const char *text = gradus_metadata(g, "gradus.table");
    gradus_c_locale locale;

    if (!text)
        return gradus_error_set("gradus_get_table: the graph %s", g
                                ? "has no table: gradus_set_table was not "
                                  "called" : "is NULL"), NULL;
    if (gradus_c_locale_enter(&locale))
        return NULL;
    json_t *json = gradus_json_parse("gradus.table", text, strlen(text), 0);
    gradus_table *t = json ? from_json(json) : NULL;
    gradus_c_locale_leave(&locale);
    json_decref(json);
    return t;
}

/* ---- what is in it ------------------------------------------------------ */

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

bool gradus_column_has_unit(const gradus_table *t, int k)
{
    const gradus_column *c = column_at(t, k);

    return c && c->kind == GRADUS_COLUMN_TEXT &&
           gradus_have_unit((const char *const *)c->category,
                            (size_t)c->categories);
}

int gradus_column_span(const gradus_table *t, int k, int *count)
{
    const gradus_column *c = column_at(t, k);
    const int n = !c ? 0 : c->kind == GRADUS_COLUMN_TARGET
                               ? 1 : gradus_column_values(c);

    if (count)
        *count = n;
    return n ? c->first : -1;
}
