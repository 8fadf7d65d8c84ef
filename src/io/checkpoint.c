/* checkpoint.c -- saves a training so that it can go on as if it had never
 * stopped.
 *
 * A checkpoint is a model file, which gradus_load reads like any other, with
 * more in it: the arrays gradus:0, gradus:1, .. [parameters], which are what
 * the optimiser remembers and then, if they are kept, the parameters of the
 * best epoch; and in the metadata, under gradus.checkpoint,
 *
 *   {"version":"0.2.0","blas":"OpenBLAS .. SkylakeX",
 *    "same":{"seed":"1","precision":32,"optimiser":"adam","states":2,
 *            "weight_decay":0.0,"max_norm":0.0,"max_value":0.0,
 *            "decay_matrices_only":false,"groups":{},"beta1":0.9,..},
 *    "steps":1200,"learning_rate":0.001,"fit":{..}}
 *
 * What "same" holds, and the nodes of the graph, must be the same when the
 * training goes on.  "fit" is what gradus_fit wants to remember
 * (train/resume.c). */
#include "io/io.h"

#include "base/error.h"
#include "base/gemm.h"
#include "base/mode.h"
#include "graph/gather.h"
#include "graph/graph.h"
#include "graph/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Returns the factors of the nodes that have others than 1, see
 * gradus_set_group, or NULL if out of memory. */
static json_t *groups_of(const gradus_graph *g)
{
    json_t *json = json_object();

    for (int i = 0; json && i < g->count; i++) {
        double lr = g->info[i].lr_scale, decay = g->info[i].decay_scale;
        if ((lr != 1 || decay != 1) &&
            json_object_set_new(json, g->node[i]->name,
                                json_pack("[f, f]", lr, decay))) {
            json_decref(json);
            json = NULL;
        }
    }
    return json;
}

/* Returns a bound of clipping, which may be infinite, as JSON has no such
 * number. */
static json_t *bound_of(double v)
{
    return isfinite(v) ? json_real(v) : json_string("inf");
}

/* Returns what must be the same again when the training goes on, but for the
 * nodes, or NULL if out of memory. */
static json_t *same_of(const gradus_optimiser *o)
{
    const double *own = o->own;
    char seed[32];

    snprintf(seed, sizeof seed, "%ju", (uintmax_t)o->graph->seed);
    json_t *json = json_pack(
        "{s:s, s:i, s:s, s:i, s:f, s:o, s:o, s:b, s:o}", "seed", seed,
        "precision", (int)(8 * sizeof(gradus_real)), "optimiser",
        o->rule->name, "states", o->rule->states, "weight_decay",
        o->weight_decay, "max_norm", bound_of(o->max_norm), "max_value",
        bound_of(o->max_value),
        "decay_matrices_only", o->decay_matrices_only, "groups",
        groups_of(o->graph));
    for (int i = 0; json && o->rule->settings[i]; i++)
        if (json_object_set_new(json, o->rule->settings[i],
                                json_real(own[i]))) {
            json_decref(json);
            json = NULL;
        }
    return json;
}

/* ---- save --------------------------------------------------------------- */

int gradus_gather_state(const gradus_optimiser *o)
{
    const size_t n = o->graph->parameters;
    int status = gradus_wait(o->graph); /* fails if an exchange has failed */

    for (int k = 0; k < o->rule->states && !status; k++)
        status = gradus_gather_parameters(o->graph,
                                          o->state + (size_t)k * n, 0);
    return status;
}

int gradus_checkpoint_write(const gradus_optimiser *o, const gradus_real *best,
                            json_t *fit, const char *path)
{
    gradus_contents c = { .graph = o->graph, .arrays = o->rule->states };
    gradus_mode mode;

    gradus_mode_enter(&mode); /* numbers are rounded as they are printed */
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:I, s:f}", "version", GRADUS_VERSION, "blas",
        gradus_blas_name(), "same", same_of(o), "steps", (json_int_t)o->steps,
        "learning_rate", o->learning_rate);
    bool full = !json || (fit && json_object_set(json, "fit", fit));
    char *text = full ? NULL : json_dumps(json, JSON_COMPACT);

    gradus_mode_leave(&mode);
    for (int k = 0; k < o->rule->states; k++)
        c.array[k] = o->state + (size_t)k * o->graph->parameters;
    if (best)
        c.array[c.arrays++] = best;
    c.key = "gradus.checkpoint";
    c.text = text;
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
    int status = gradus_gather_state(o);
    if (!status && o->graph->ranks->rank == 0)
        status = gradus_checkpoint_write(o, NULL, NULL, path);
    return gradus_agree(o->graph, status);
}

/* ---- load --------------------------------------------------------------- */

/* Checks that what `print` prints of g is what the file has, `there`; a part
 * of it is called by this name. */
static int compare_printed(const gradus_graph *g, gradus_printer *print,
                           const char *name, const char *there)
{
    char *here = gradus_json_print(name, print,
                                   &(gradus_contents){ .graph = g });
    json_t *a = here ? gradus_json_parse(name, here, strlen(here), 0) : NULL;
    json_t *b = a ? gradus_json_parse(name, there, strlen(there), 0) : NULL;
    int status = b ? gradus_json_compare(name, a, b) : -1;

    free(here);
    json_decref(a);
    json_decref(b);
    return status;
}

/* What a checkpoint says beside the graph; borrowed from its JSON. */
typedef struct {
    const char *blas;
    json_t *same, *fit; /* fit may be NULL */
    json_int_t steps;
    double learning_rate;
} said;

/* Reads what the file says, and refuses a checkpoint of another training. */
static int read_said(json_t *json, const gradus_optimiser *o, said *s)
{
    json_error_t error;

    if (json_unpack_ex(json, &error, 0, "{s:s, s:o, s:I, s:F, s?o}", "blas",
                       &s->blas, "same", &s->same, "steps", &s->steps,
                       "learning_rate", &s->learning_rate, "fit", &s->fit))
        return gradus_error_set("gradus.checkpoint: %s", error.text);
    if (s->steps < 0 || !(s->learning_rate >= 0 && s->learning_rate <= 1e30))
        return gradus_error_set("gradus.checkpoint: steps is %lld and "
                                "learning_rate %g; must be at least 0, "
                                "the latter at most 1e30",
                                (long long)s->steps, s->learning_rate);
    json_t *here = same_of(o);
    int status = here ? gradus_json_compare("", here, s->same)
                      : gradus_no_memory("a comparison");
    json_decref(here);
    return status;
}

/* Parses the checkpoint's part of the metadata, and compares all that must be
 * the same. */
static int compare(const gradus_safetensors *f, const gradus_optimiser *o,
                   json_t **json, said *s)
{
    const char *text, *nodes, *classes = NULL;

    if (json_unpack(f->metadata, "{s:s, s:s, s?s}", "gradus.checkpoint", &text,
                    "gradus.architecture", &nodes, "gradus.classes", &classes))
        return gradus_error_set("is no checkpoint; gradus_load or "
                                "gradus_load_parameters may read it");
    *json = gradus_json_parse("gradus.checkpoint", text, strlen(text), 0);
    return !*json ||
           compare_printed(o->graph, gradus_architecture_print, "node",
                           nodes) ||
           (classes && o->graph->class_count &&
            compare_printed(o->graph, gradus_classes_print, "class",
                            classes)) ||
           read_said(*json, o, s);
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

/* Reads the open file.  Everything is checked before the graph or the
 * optimiser is changed. */
static int read_file(gradus_safetensors *f, gradus_optimiser *o,
                     gradus_real *best, json_t **json, said *s,
                     int (*read_fit)(void *arg, json_t *fit), void *arg)
{
    int arrays = o->rule->states + (best != NULL);
    size_t n = o->graph->parameters;

    if (compare(f, o, json, s) ||
        gradus_safetensors_match(f, o->graph, arrays))
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
    return gradus_agree(o->graph, gradus_checkpoint_read(o, NULL, path, NULL,
                                                         NULL, NULL));
}
