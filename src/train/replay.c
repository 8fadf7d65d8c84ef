/* replay.c -- keeps the step that has failed in a file, and runs it again to
 * show where its numbers went wrong.
 *
 * A replay file is a model file (io/save.c) with more in its metadata, under
 * gradus.replay: the message of the step, and a text of numbers, some of which
 * may be inf or nan:
 *
 *   how many backward passes there had been, and how many rows the batch has
 *   which sample each row is
 *   for each data node: whether it was fed u8 values, and what each row was
 *     fed; to labels, which may be negative, 2^31 is added */
#include "io/io.h" /* the first header, as it says there */

#include "base/error.h"
#include "base/locale.h"
#include "run/run.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- write -------------------------------------------------------------- */

/* Writes what the rows of the batch at hand were fed.  False if n was not fed
 * all of them, which is then why the step has failed. */
static bool write_fed(gradus_numbers *l, const gradus_node *n, int rows)
{
    const gradus_fed *fed = &n->fed;
    const int *index = n->graph->batch.index;

    gradus_pass_count(l, "kinds", fed->u8 != NULL, 1);
    for (int i = 0; i < rows; i++) {
        if (index[i] < 0 || (size_t)index[i] >= fed->rows)
            return false;
        size_t at = (size_t)index[i] * (size_t)n->size;
        for (int k = 0; k < n->size; k++, at++) {
            double v = fed->labels ? 0x1p31 + fed->labels[at]
                     : fed->u8 ? fed->u8[at] : (double)fed->x[at];
            gradus_pass(l, &v);
        }
    }
    return true;
}

/* Returns the text of numbers; NULL if out of memory or not all was fed. */
static char *print_batch(const gradus_graph *g, int rows)
{
    char *text = NULL;
    size_t length;
    gradus_numbers l = { .out = open_memstream(&text, &length) };
    bool fed = true;

    if (!l.out)
        return NULL;
    gradus_pass_count(&l, "passes", (double)g->batch.pass, 0x1p53);
    gradus_pass_count(&l, "rows", rows, INT_MAX);
    for (int i = 0; i < rows; i++)
        gradus_pass_count(&l, "samples", g->batch.index[i], INT_MAX);
    for (int i = 0; i < g->count && fed; i++)
        if (g->node[i]->kind != GRADUS_KIND_COMPUTED)
            fed = write_fed(&l, g->node[i], rows);
    if (!fclose(l.out) && fed)
        return text;
    free(text);
    return NULL;
}

void gradus_replay_write(const gradus_graph *g, int rows, const char *path)
{
    char error[GRADUS_ERROR_ROOM];
    gradus_c_locale locale;

    snprintf(error, sizeof error, "%s", gradus_error());
    if (gradus_c_locale_enter(&locale))
        return;
    char *batch = print_batch(g, rows);
    json_t *json = batch ? json_pack("{s:s, s:s}", "error", error, "numbers",
                                     batch) : NULL;
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    gradus_contents c = { .graph = g, .key = "gradus.replay", .text = text };
    if (text && !gradus_write_file(&c, path))
        gradus_error_set("%s; gradus_replay shows this step, which is in %s",
                         error, path);
    else
        gradus_error_set("%s; the step was not kept: %s", error,
                         text ? gradus_error()
                              : "not all rows were fed, or memory ran out");
    free(text);
    json_decref(json);
    free(batch);
    gradus_c_locale_leave(&locale);
}

/* ---- read --------------------------------------------------------------- */

/* A step that is run again; it owns all that it points to. */
typedef struct {
    gradus_safetensors file;
    json_t *json;      /* what the metadata hold under gradus.replay */
    gradus_graph *g;
    int rows, *index;  /* [rows], the samples */
    size_t samples;    /* above all numbers in index */
    void **data;       /* [g->count], what each node is fed, or NULL */
    bool marked;       /* a number that is not finite was printed */
} replay;

/* Reads what node n was fed to the places of the samples, as messages name
 * these.  Memory between them costs nothing, since nobody touches it. */
static int read_fed(gradus_numbers *l, replay *r, gradus_node *n)
{
    bool u8 = gradus_pass_count(l, "kinds", 0, 1) != 0;
    size_t size = (size_t)n->size;

    void *data = r->data[n->id] =
        calloc(r->samples * size, n->kind == GRADUS_KIND_LABELS
                                      ? sizeof(int32_t) : sizeof(gradus_real));
    if (!data)
        return gradus_no_memory("%zu samples", r->samples);
    for (size_t i = 0; i < (size_t)r->rows * size && !l->status; i++) {
        size_t at = (size_t)r->index[i / size] * size + i % size;
        double v;
        if (n->kind == GRADUS_KIND_LABELS)
            ((int32_t *)data)[at] = (int32_t)(gradus_pass_count(
                l, "labels", 0, UINT32_MAX) - 0x1p31);
        else if (u8)
            ((uint8_t *)data)[at] = (uint8_t)gradus_pass_count(l, "pixels", 0,
                                                               UINT8_MAX);
        else {
            gradus_pass(l, &v);
            ((gradus_real *)data)[at] = (gradus_real)v;
        }
    }
    if (l->status)
        return -1;
    return n->kind == GRADUS_KIND_LABELS
               ? gradus_feed_labels(n, data, r->samples)
               : u8 ? gradus_feed_u8(n, data, r->samples)
                    : gradus_feed(n, data, r->samples);
}

/* Reads the text of numbers, for a graph that is not compiled. */
static int read_batch(replay *r)
{
    const char *text = json_string_value(json_object_get(r->json, "numbers"));
    gradus_numbers l = { .in = text ? text : "" };

    double passes = gradus_pass_count(&l, "passes", 0, 0x1p53);
    r->rows = (int)gradus_pass_count(&l, "rows", 0, 1 << 20);
    r->index = calloc((size_t)r->rows + 1, sizeof *r->index);
    r->data = calloc((size_t)r->g->count + 1, sizeof *r->data);
    if (!r->index || !r->data)
        return gradus_no_memory("%d rows", r->rows);
    for (int i = 0; i < r->rows && !l.status; i++) {
        r->index[i] = (int)gradus_pass_count(&l, "samples", 0, INT_MAX - 1);
        if (r->samples <= (size_t)r->index[i])
            r->samples = (size_t)r->index[i] + 1;
    }
    for (int i = 0; i < r->g->count && !l.status; i++)
        if (r->g->node[i]->kind != GRADUS_KIND_COMPUTED &&
            read_fed(&l, r, r->g->node[i]))
            return -1;
    r->g->passes = (uint64_t)passes;
    return l.status;
}

/* Reads the file, and compiles the graph so that every value can be seen. */
static int open_replay(replay *r, const char *path)
{
    if (gradus_safetensors_open(&r->file, path))
        return -1;
    const char *text = json_string_value(
        json_object_get(r->file.metadata, "gradus.replay"));
    if (!text)
        return gradus_error_set("is no replay file");
    r->json = gradus_json_parse("gradus.replay", text, strlen(text), 0);
    if (!r->json || gradus_load_graph(&r->file, &r->g) || read_batch(r))
        return -1;
    for (int i = 0; i < r->g->count; i++)
        gradus_want_value(r->g->node[i]);
    return gradus_load_compile(&r->file, r->g, r->rows, 1, NULL);
}

/* ---- print -------------------------------------------------------------- */

/* Prints a line about the largest of v [n], where a NaN is larger than all
 * others: a node's value or gradient [rows,size], or, if size is 0, a
 * parameter's.  The first line with a number that is not finite is marked; but
 * -inf is allowed where it can be a mask. */
static void print_largest(replay *r, FILE *out, const char *name,
                          const gradus_real *v, size_t n, int size, bool mask)
{
    size_t at = 0;

    for (size_t i = 1; i < n; i++)
        if (isnan(v[i]) ? !isnan(v[at])
                        : fabs((double)v[i]) > fabs((double)v[at]))
            at = i;
    double most = isnan(v[at]) ? NAN : (double)v[at]; /* without its sign */
    fprintf(out, "  %-24s %14.7g  ", name, most);
    if (size)
        fprintf(out, "sample %d, value %zu", r->index[at / (size_t)size],
                at % (size_t)size);
    else
        fprintf(out, "[%zu]", at);
    bool bad = !isfinite(most) && !(mask && most == -INFINITY);
    fputs(bad && !r->marked ? "  <- the first that is not finite\n" : "\n",
          out);
    r->marked |= bad;
}

/* Prints lines about n's parameters, or about their gradients. */
static void print_params(replay *r, FILE *out, const gradus_node *n,
                         bool gradients)
{
    char name[128];

    for (int j = 0; j < n->n_params; j++) {
        const gradus_param *p = &n->param[j];
        snprintf(name, sizeof name, "%s.%s", n->name, p->name);
        print_largest(r, out, name, gradients ? p->dw : p->w, p->size, 0,
                      false);
    }
}

/* Runs the step, and prints all in the order in which it is computed. */
static void run(replay *r, FILE *out)
{
    gradus_graph *g = r->g;
    const char *error = json_string_value(json_object_get(r->json, "error"));

    fprintf(out, "the step said: %s\n%d rows, after %ju backward passes\n",
            error ? error : "", r->rows, (uintmax_t)g->passes);
    g->params_changed = true; /* until a forward has run */
    int status = gradus_forward(g, r->index, r->rows);
    for (int i = 0; i < g->count && !g->params_changed; i++) {
        const gradus_node *n = g->node[i];
        fputs(i ? "" : "forward, the largest values:\n", out);
        print_params(r, out, n, false);
        if (n->y)
            print_largest(r, out, n->name, n->y, (size_t)r->rows *
                          (size_t)n->size, n->size, !n->finite);
    }
    bool back = !status;
    if (back)
        status = gradus_backward(g);
    for (int i = g->count - 1; i >= 0 && back; i--) {
        const gradus_node *n = g->node[i];
        fputs(i == g->count - 1 ? "backward, the largest gradients:\n" : "",
              out);
        if (n->dy)
            print_largest(r, out, n->name, n->dy, (size_t)r->rows *
                          (size_t)n->size, n->size, false);
        print_params(r, out, n, true);
    }
    fprintf(out, "run again: %s\n", status ? gradus_error() : "the loss and "
            "all gradients are finite (the optimiser's update is not run)");
}

int gradus_replay(const char *path, FILE *out)
{
    replay r = { .file.fd = -1 };
    gradus_c_locale locale;

    if (!path || !out)
        return gradus_error_set("gradus_replay: the %s is NULL",
                                path ? "file" : "path");
    if (gradus_c_locale_enter(&locale))
        return -1;
    int status = open_replay(&r, path);
    if (status) {
        gradus_error_set("%s: %s", path, gradus_error());
    } else {
        run(&r, out);
        if (fflush(out) || ferror(out))
            status = gradus_error_set("gradus_replay: cannot write to the "
                                      "file");
    }
    for (int i = 0; r.data && i < r.g->count; i++)
        free(r.data[i]);
    free(r.data);
    free(r.index);
    gradus_graph_free(r.g);
    json_decref(r.json);
    gradus_safetensors_close(&r.file);
    gradus_c_locale_leave(&locale);
    return status ? -1 : 0;
}
