/* checkpoint.c -- saves a training so that it can go on as if it had never
 * stopped.
 *
 * A checkpoint is a model file, which gradus_load reads like any other, with
 * more in it: the arrays gradus:0, gradus:1, .. [parameters], which are what
 * the optimiser remembers and then, if they are kept, the parameters of the
 * best epoch; and in the metadata, under gradus.checkpoint,
 *
 *   {"version":"0.2.0","blas":"OpenBLAS .. SkylakeX",
 *    "optimiser":"adam","states":2,"steps":1200,"learning_rate":0.001,
 *    "best":false,"settings":{"beta1":0.9,..},"fit":{..}}
 *
 * The settings are those that the optimiser was made with.  "fit" is what
 * gradus_fit wants to remember (train/resume.c). */
#include "io/io.h"

#include "base/error.h"
#include "base/gemm.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

/* Returns the settings that a training which is resumed must have again, or
 * NULL if out of memory. */
static json_t *settings_of(const gradus_optimiser *o)
{
    json_t *json = json_object();
    const double *own = o->own;
    int full = json_object_set_new(json, "weight_decay",
                                   json_real(o->weight_decay));

    for (int i = 0; o->rule->settings[i]; i++)
        full |= json_object_set_new(json, o->rule->settings[i],
                                    json_real(own[i]));
    if (!full)
        return json;
    json_decref(json);
    return NULL;
}

/* ---- save --------------------------------------------------------------- */

int gradus_checkpoint_write(const gradus_optimiser *o, const gradus_real *best,
                            json_t *fit, const char *path)
{
    gradus_contents c = { .graph = o->graph, .arrays = o->rule->states };
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:i, s:I, s:f, s:b, s:o}", "version",
        GRADUS_VERSION, "blas", gradus_blas_name(), "optimiser",
        o->rule->name, "states", o->rule->states, "steps",
        (json_int_t)o->steps, "learning_rate", o->learning_rate, "best",
        best != NULL, "settings", settings_of(o));
    bool full = !json || (fit && json_object_set(json, "fit", fit));
    char *text = full ? NULL : json_dumps(json, JSON_COMPACT);

    for (int k = 0; k < o->rule->states; k++)
        c.array[k] = o->state + (size_t)k * o->graph->parameters;
    if (best)
        c.array[c.arrays++] = best;
    c.checkpoint = text;
    int status = text ? gradus_write_file(&c, path)
                      : gradus_no_memory("the checkpoint %s", path);
    free(text);
    json_decref(json);
    return status;
}

int gradus_save_checkpoint(const gradus_optimiser *o, const char *path)
{
    if (!o || !path)
        return gradus_error_set("gradus_save_checkpoint: the %s is NULL",
                                o ? "path" : "optimiser");
    return gradus_checkpoint_write(o, NULL, NULL, path);
}

/* ---- load --------------------------------------------------------------- */

/* Refuses a file whose node number i, `there`, is not the graph's, `here`. */
static int refuse_node(int i, const json_t *here, const json_t *there)
{
    char *a = here ? json_dumps(here, JSON_COMPACT) : NULL;
    char *b = there ? json_dumps(there, JSON_COMPACT) : NULL;
    int status = gradus_error_set("the file is of another net: node %d is "
                                  "%.120s here, %.120s in the file", i,
                                  a ? a : "missing", b ? b : "missing");

    free(a);
    free(b);
    return status;
}

/* Checks that the nodes, as the file describes them, are those of g. */
static int compare_nodes(const gradus_graph *g, const char *there)
{
    static const char what[] = "gradus.architecture";
    char *here = gradus_json_print(what, gradus_architecture_print,
                                   &(gradus_contents){ .graph = g });
    json_t *a = here ? gradus_json_parse(what, here, strlen(here), 0) : NULL;
    json_t *b = a && there ? gradus_json_parse(what, there, strlen(there), 0)
                           : NULL;
    size_t n = json_array_size(a), m = json_array_size(b);
    int status = b ? 0 : -1;

    for (size_t i = 0; !status && (i < n || i < m); i++)
        if (!json_equal(json_array_get(a, i), json_array_get(b, i)))
            status = refuse_node((int)i, json_array_get(a, i),
                                 json_array_get(b, i));
    free(here);
    json_decref(a);
    json_decref(b);
    return status;
}

/* Checks that the file is a checkpoint of the optimiser's graph, of the same
 * seed, and sets *json to what it says of the training. */
static int compare_graphs(const gradus_safetensors *f, const gradus_graph *g,
                          json_t **json)
{
    const char *text = json_string_value(
        json_object_get(f->metadata, "gradus.checkpoint"));
    uint64_t seed;

    if (!text)
        return gradus_error_set("is no checkpoint; gradus_load or "
                                "gradus_load_parameters may read it");
    *json = gradus_json_parse("gradus.checkpoint", text, strlen(text), 0);
    if (!*json || gradus_read_count(f->metadata, "gradus.seed", &seed))
        return -1;
    if (seed != g->seed)
        return gradus_error_set("the seed is %ju here, %ju in the file",
                                (uintmax_t)g->seed, (uintmax_t)seed);
    return compare_nodes(g, json_string_value(
                                json_object_get(f->metadata,
                                                "gradus.architecture")));
}

/* What a checkpoint says of the optimiser. */
typedef struct {
    const char *blas, *name;
    int states, best;
    json_int_t steps;
    double learning_rate;
    json_t *settings;
    json_t *fit; /* borrowed, or NULL */
} said;

/* Refuses a checkpoint of an optimiser that was made with other settings. */
static int compare_settings(const gradus_optimiser *o, const json_t *there)
{
    json_t *here = settings_of(o), *value;
    const char *name;
    int status = here ? 0 : gradus_no_memory("the settings");

    json_object_foreach(here, name, value)
    {
        double a = json_real_value(value);
        double b = json_number_value(json_object_get(there, name));
        if (!status && a != b)
            status = gradus_error_set("%s of %s is %.9g here, %.9g in the "
                                      "file", name, o->rule->name, a, b);
    }
    json_decref(here);
    return status;
}

static int read_said(json_t *json, const gradus_optimiser *o, bool best,
                     said *s)
{
    json_error_t error;

    if (json_unpack_ex(json, &error, 0,
                       "{s:s, s:s, s:i, s:I, s:F, s:b, s:o, s?o}", "blas",
                       &s->blas, "optimiser", &s->name, "states", &s->states,
                       "steps", &s->steps, "learning_rate",
                       &s->learning_rate, "best", &s->best, "settings",
                       &s->settings, "fit", &s->fit))
        return gradus_error_set("gradus.checkpoint: %s", error.text);
    if (strcmp(s->name, o->rule->name) != 0 || s->states != o->rule->states)
        return gradus_error_set("the optimiser is %s with %d numbers for each "
                                "parameter here, %s with %d in the file",
                                o->rule->name, o->rule->states, s->name,
                                s->states);
    if (compare_settings(o, s->settings))
        return -1;
    if (s->steps < 0 ||
        gradus_need_amount("gradus.checkpoint", "learning_rate",
                           s->learning_rate))
        return gradus_error_set("gradus.checkpoint: steps and learning_rate "
                                "must be at least 0");
    if (best && !s->best)
        return gradus_error_set("restore_best is set here, but the file has "
                                "no parameters of a best epoch");
    return 0;
}

/* Checks that the file's numbers have this library's precision: others would
 * be rounded. */
static int check_precision(const gradus_safetensors *f)
{
    for (int i = 0; i < f->count; i++)
        if (f->tensor[i].size && f->tensor[i].width != sizeof(gradus_real))
            return gradus_error_set("has numbers of %d bits; must have %zu, "
                                    "as this library",
                                    8 * f->tensor[i].width,
                                    8 * sizeof(gradus_real));
    return 0;
}

/* Puts what has been read in its place: values are theta, the states, and the
 * best epoch's parameters. */
static int take_over(gradus_optimiser *o, const gradus_safetensors *f,
                     const said *s, const gradus_real *values,
                     gradus_real *best)
{
    gradus_graph *g = o->graph;
    size_t n = g->parameters, states = (size_t)o->rule->states * n;

    if (gradus_read_counts(g, f->metadata))
        return -1;
    memcpy(g->theta, values, n * sizeof *values);
    memcpy(o->state, values + n, states * sizeof *values);
    if (best)
        memcpy(best, values + n + states, n * sizeof *values);
    o->steps = (uint64_t)s->steps;
    o->learning_rate = s->learning_rate;
    o->large = true; /* until a step has looked */
    g->params_changed = g->gradients_old = true;
    return 0;
}

/* Reads the open file.  Everything is checked before anything is changed. */
static int read_file(gradus_safetensors *f, gradus_optimiser *o,
                     gradus_real *best, json_t **json, said *s,
                     int (*read_fit)(void *arg, json_t *fit), void *arg)
{
    int arrays = o->rule->states + (best != NULL);
    size_t n = o->graph->parameters;

    if (compare_graphs(f, o->graph, json) ||
        read_said(*json, o, best != NULL, s) ||
        gradus_safetensors_match(f, o->graph, arrays) || check_precision(f))
        return -1;
    gradus_real *values = malloc((size_t)(arrays + 1) * n * sizeof *values);
    if (!values)
        return gradus_no_memory("%zu numbers", (size_t)(arrays + 1) * n);
    int status = gradus_safetensors_read(f, values) ||
                 (read_fit && read_fit(arg, s->fit)) ||
                 take_over(o, f, s, values, best);
    free(values);
    return status;
}

int gradus_checkpoint_read(gradus_optimiser *o, gradus_real *best,
                           const char *path,
                           int (*read_fit)(void *arg, json_t *fit), void *arg,
                           char warning[512])
{
    gradus_safetensors f;
    json_t *json = NULL;
    said s = { 0 };
    int status = gradus_safetensors_open(&f, path) ||
                 read_file(&f, o, best, &json, &s, read_fit, arg);

    if (status)
        gradus_error_set("%s: %s", path, gradus_error());
    else if (warning && strcmp(s.blas, gradus_blas_name()) != 0)
        snprintf(warning, 512, "the checkpoint was written with %.160s, and "
                 "this is %.160s, so the last bits may differ", s.blas,
                 gradus_blas_name());
    json_decref(json);
    gradus_safetensors_close(&f);
    return status ? -1 : 0;
}

int gradus_load_checkpoint(gradus_optimiser *o, const char *path)
{
    if (!o || !path)
        return gradus_error_set("gradus_load_checkpoint: the %s is NULL",
                                o ? "path" : "optimiser");
    return gradus_checkpoint_read(o, NULL, path, NULL, NULL, NULL);
}
