/* replay.c -- keeps the step that has failed in a file, and runs it again to
 * show where its numbers went wrong.
 *
 * A replay file is a model file (io/save.c) with more in its metadata, under
 * gradus.replay: a text of numbers, some of which may be inf or nan, and on a
 * second line the message of the step.  The numbers are
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
#include <unistd.h>

/* ---- write -------------------------------------------------------------- */

/* So many digits are enough to read the same gradus_real again. */
enum { DIGITS = sizeof(gradus_real) == sizeof(float) ? 9 : 17 };

/* Writes what the rows of the batch at hand were fed.  False if n was not fed
 * all of them, which is then why the step has failed. */
static bool write_fed(gradus_numbers *t, const gradus_node *n, int rows)
{
    const gradus_fed *fed = &n->fed;
    const int *index = n->graph->batch.index;

    gradus_transfer_count(t, "u8", fed->u8 != NULL, 1);
    for (int i = 0; i < rows; i++) {
        if (index[i] < 0 || (size_t)index[i] >= fed->rows)
            return false;
        size_t at = (size_t)index[i] * (size_t)n->size;
        for (int k = 0; k < n->size; k++, at++)
            if (fed->labels)
                fprintf(t->out, " %.0f", 0x1p31 + fed->labels[at]);
            else if (fed->u8)
                fprintf(t->out, " %d", fed->u8[at]);
            else
                fprintf(t->out, " %.*g", DIGITS, (double)fed->x[at]);
    }
    return true;
}

/* Returns the text, which the caller frees; NULL, with a message, if memory
 * runs out or not all rows were fed. */
static char *print_batch(const gradus_graph *g, int rows, const char *error)
{
    char *text = NULL;
    size_t length;
    gradus_numbers t = { .out = open_memstream(&text, &length) };
    bool fed = true;

    if (!t.out)
        return gradus_no_memory("a batch of %d rows", rows), NULL;
    gradus_transfer_count(&t, "passes", (double)g->batch.pass, 0x1p53);
    gradus_transfer_count(&t, "rows", rows, INT_MAX);
    for (int i = 0; i < rows; i++)
        gradus_transfer_count(&t, "samples", g->batch.index[i], INT_MAX);
    for (int i = 0; i < g->count && fed; i++)
        if (g->node[i]->kind != GRADUS_KIND_COMPUTED)
            fed = write_fed(&t, g->node[i], rows);
    fprintf(t.out, "\n%s", error);
    if (!fclose(t.out) && fed)
        return text;
    free(text);
    if (fed)
        gradus_no_memory("a batch of %d rows", rows);
    else
        gradus_error_set("not all of its rows were fed");
    return NULL;
}

int gradus_replay_begin(const gradus_graph *g, const char *path)
{
    gradus_safetensors f;
    int status = 0;

    if (access(path, F_OK) == 0) {
        if (gradus_safetensors_open(&f, path) ||
            !json_object_get(f.metadata, "gradus.replay"))
            status = gradus_error_set("%s: exists and is not a replay file; "
                                      "choose another name for replay", path);
        else if (unlink(path))
            status = gradus_error_errno(path);
        gradus_safetensors_close(&f);
    }
    return status ? status : gradus_try_save(g, path);
}

void gradus_replay_write(const gradus_graph *g, int rows, const char *path)
{
    char error[GRADUS_ERROR_ROOM];
    gradus_c_locale locale;
    int status = -1;

    snprintf(error, sizeof error, "%s", gradus_error());
    if (!gradus_c_locale_enter(&locale)) {
        char *text = print_batch(g, rows, error);
        gradus_contents c = { .graph = g, .key = "gradus.replay",
                              .text = text };
        status = text ? gradus_write_file(&c, path) : -1;
        free(text);
        gradus_c_locale_leave(&locale);
    }
    if (status)
        gradus_error_set("%s; the step was not kept: %s", error,
                         gradus_error());
    else
        gradus_error_set("%s; the step is kept in %s, for gradus_replay",
                         error, path);
}

/* ---- read --------------------------------------------------------------- */

/* A step that is run again; it owns g and the arrays. */
typedef struct {
    gradus_safetensors file;
    gradus_numbers text;
    gradus_graph *g;
    int rows, *index;  /* [rows], the samples */
    size_t samples;    /* above all numbers in index */
    void **data;       /* [g->count], what each node is fed, or NULL */
    bool marked;       /* a number that is not finite was printed */
} replay;

/* Reads what node n was fed into the rows that the samples had in the caller's
 * data, so that messages name the same samples, and augmentation draws the
 * same random numbers.  The memory between these rows is claimed, but never
 * touched. */
static int read_fed(replay *r, gradus_node *n)
{
    gradus_numbers *t = &r->text;
    bool labels = n->kind == GRADUS_KIND_LABELS;
    bool u8 = gradus_transfer_count(t, "u8", 0, 1) != 0;
    size_t size = (size_t)n->size;

    void *data = r->data[n->id] =
        calloc(r->samples * size, labels ? sizeof(int32_t)
                                : u8 ? 1 : sizeof(gradus_real));
    if (!data)
        return gradus_no_memory("%zu samples", r->samples);
    for (size_t i = 0; i < (size_t)r->rows * size && !t->status; i++) {
        size_t at = (size_t)r->index[i / size] * size + i % size;
        double v;
        if (labels)
            ((int32_t *)data)[at] = (int32_t)(gradus_transfer_count(
                t, "labels", 0, UINT32_MAX) - 0x1p31);
        else if (u8)
            ((uint8_t *)data)[at] = (uint8_t)gradus_transfer_count(
                t, "pixels", 0, UINT8_MAX);
        else {
            gradus_transfer(t, &v);
            ((gradus_real *)data)[at] = (gradus_real)v;
        }
    }
    if (t->status)
        return -1;
    return labels ? gradus_feed_labels(n, data, r->samples)
         : u8 ? gradus_feed_u8(n, data, r->samples)
              : gradus_feed(n, data, r->samples);
}

/* Reads the numbers, for a graph that is not compiled.  Each row takes some
 * bytes of the text, so its length bounds their memory. */
static int read_batch(replay *r)
{
    gradus_numbers *t = &r->text;
    double most = (double)strlen(t->in) / 2;

    double passes = gradus_transfer_count(t, "passes", 0, 0x1p53);
    r->rows = (int)gradus_transfer_count(t, "rows", 0, fmin(most, INT_MAX));
    r->index = calloc((size_t)r->rows + 1, sizeof *r->index);
    r->data = calloc((size_t)r->g->count + 1, sizeof *r->data);
    if (!r->index || !r->data)
        return gradus_no_memory("%d rows", r->rows);
    for (int i = 0; i < r->rows && !t->status; i++) {
        r->index[i] = (int)gradus_transfer_count(t, "samples", 0, INT_MAX - 1);
        if (r->samples <= (size_t)r->index[i])
            r->samples = (size_t)r->index[i] + 1;
    }
    for (int i = 0; i < r->g->count && !t->status; i++)
        if (r->g->node[i]->kind != GRADUS_KIND_COMPUTED &&
            read_fed(r, r->g->node[i]))
            return -1;
    r->g->passes = (uint64_t)passes;
    return t->status;
}

/* Reads the file, and compiles the graph so that every value can be seen. */
static int open_replay(replay *r, const char *path)
{
    const gradus_load_options options = {
        .max_bytes = SIZE_MAX >> 34 ? (size_t)1 << 34 : SIZE_MAX / 4
    };

    if (gradus_safetensors_open(&r->file, path))
        return -1;
    r->text.in = json_string_value(
        json_object_get(r->file.metadata, "gradus.replay"));
    if (!r->text.in)
        return gradus_error_set("is not a replay file; must be one that "
                                "gradus_fit has written (options.replay)");
    if (gradus_load_graph(&r->file, &r->g) || read_batch(r))
        return -1;
    for (int i = 0; i < r->g->count; i++)
        gradus_want_value(r->g->node[i]);
    return gradus_load_compile(&r->file, r->g, r->rows, 1, &options);
}

/* ---- print -------------------------------------------------------------- */

/* Prints a line about the largest of v [n], where a NaN is larger than all
 * others: a node's value or gradient [rows,size], or, if size is 0, a
 * parameter's.  The first line with a number that is not finite is marked; but
 * -inf is allowed where it can be a mask. */
static void print_largest(replay *r, FILE *out, const char *name,
                          const gradus_real *v, size_t n, int size, bool mask)
{
    size_t at = gradus_largest(v, n);
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
    const char *error = strchr(r->text.in, '\n');
    const size_t rows = (size_t)r->rows;

    gradus_error_set("%s", error ? error + 1 : "nothing"); /* control
                                         characters are shown as numbers */
    fprintf(out, "the step said: %s\n%d rows, after %ju backward passes\n",
            gradus_error(), r->rows, (uintmax_t)g->passes);
    g->params_changed = true; /* until a forward has run */
    int status = gradus_forward(g, r->index, r->rows);
    if (!g->params_changed)
        fputs("forward, the largest values:\n", out);
    for (int i = 0; i < g->count && !g->params_changed; i++) {
        const gradus_node *n = g->node[i];
        print_params(r, out, n, false);
        if (n->y)
            print_largest(r, out, n->name, n->y, rows * (size_t)n->size,
                          n->size, !n->finite);
    }
    bool back = !status;
    if (back) {
        fputs("backward, the largest gradients:\n", out);
        status = gradus_backward(g);
    }
    for (int i = g->count - 1; i >= 0 && back; i--) {
        const gradus_node *n = g->node[i];
        if (n->dy)
            print_largest(r, out, n->name, n->dy, rows * (size_t)n->size,
                          n->size, false);
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
    gradus_safetensors_close(&r.file);
    gradus_c_locale_leave(&locale);
    return status ? -1 : 0;
}
