/* onednn_bench.c -- measures what oneDNN takes for the dense layers and the
 * convolutions of a step, with the same flags, nets and JSON as gradus_bench.
 *
 *   onednn_bench [flags] train   samples a second; with --forward, of
 *                                inference
 *
 * These are oneDNN's primitives alone: forward, backward to the data, backward
 * to the weights, with biases, each in the format of memory that oneDNN finds
 * best.  There is no activation, pool, normalisation, loss or optimiser, and
 * nothing changes its format between two layers, so a step by oneDNN would
 * take longer.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libgomp's, on whose threads oneDNN computes; not every compiler has the
 * header. */
void omp_set_num_threads(int threads);

enum { MAX_ARGUMENTS = 8, MAX_FORMATS = 4, MAX_PRIMITIVES = 3 * MAX_LAYERS };

/* The arguments that primitives may have. */
static const int argument[MAX_ARGUMENTS] = {
    DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST,
    DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS,
    DNNL_ARG_DIFF_DST };

/* A layer's arrays: of each argument, one in each format that one of the
 * primitives wants. */
typedef struct {
    dnnl_memory_t memory[MAX_ARGUMENTS][MAX_FORMATS];
    dnnl_memory_desc_t format[MAX_ARGUMENTS][MAX_FORMATS];
} arrays;

/* A primitive and what it computes with. */
typedef struct {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t with[MAX_ARGUMENTS];
    int count;
} call;

/* The calls of a step, in the order in which they were added. */
typedef struct {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    call calls[MAX_PRIMITIVES];
    int count, forward_only;
    dnnl_dim_t batch;
} step;

/* A layer's shapes: x [B,C,H,W], W [K,C,k,k], b [K], y [B,K,h,w]; those of a
 * dense layer are [B,C,H,W], [K,C,H,W], [K], [B,K].  *b is NULL if there are
 * no biases. */
typedef struct {
    int dense;
    dnnl_memory_desc_t x, w, biases, y, *b;
    dnnl_dims_t stride, padding;
} layer;

typedef union {
    dnnl_inner_product_desc_t dense;
    dnnl_convolution_desc_t convolution;
} operation;

static void must(dnnl_status_t status)
{
    if (status != dnnl_success)
        bench_fail("a function of oneDNN failed");
}

/* The array of argument a in a format.  Its numbers are small, and not so
 * small that the processor takes longer with them. */
static dnnl_memory_t array(step *s, arrays *of, int a,
                           const dnnl_memory_desc_t *format)
{
    int i = 0;
    for (; of->memory[a][i]; i++)
        if (dnnl_memory_desc_equal(&of->format[a][i], format))
            return of->memory[a][i];
    if (i + 1 == MAX_FORMATS)
        bench_fail("oneDNN wants one array in too many formats");
    of->format[a][i] = *format;
    must(dnnl_memory_create(&of->memory[a][i], format, s->engine,
                            DNNL_MEMORY_ALLOCATE));
    void *data;
    must(dnnl_memory_get_data_handle(of->memory[a][i], &data));
    size_t n = dnnl_memory_desc_get_size(format) / sizeof(float);
    for (size_t j = 0; j < n; j++)
        ((float *)data)[j] = (float)(j % 17) / 17 - 0.5f;
    return of->memory[a][i];
}

/* Adds a primitive.  Returns its description, which those of backward need. */
static dnnl_primitive_desc_t add(step *s, arrays *of, const void *what,
                                 dnnl_primitive_desc_t forward)
{
    dnnl_primitive_desc_t description;
    call *c = &s->calls[s->count++];
    must(dnnl_primitive_desc_create(&description, what, NULL, s->engine,
                                    forward));
    must(dnnl_primitive_create(&c->primitive, description));
    for (int a = 0; a < MAX_ARGUMENTS; a++) {
        const dnnl_memory_desc_t *format = dnnl_primitive_desc_query_md(
            description, dnnl_query_exec_arg_md, argument[a]);
        if (format && format->ndims)
            c->with[c->count++] = (dnnl_exec_arg_t){
                argument[a], array(s, of, a, format) };
    }
    return description;
}

static operation forward(const layer *l, dnnl_prop_kind_t kind)
{
    operation o;
    if (l->dense)
        must(dnnl_inner_product_forward_desc_init(&o.dense, kind, &l->x, &l->w,
                                                  l->b, &l->y));
    else
        must(dnnl_convolution_forward_desc_init(
            &o.convolution, kind, dnnl_convolution_auto, &l->x, &l->w, l->b,
            &l->y, l->stride, l->padding, l->padding));
    return o;
}

/* dW and db */
static operation backward_weights(const layer *l)
{
    operation o;
    if (l->dense)
        must(dnnl_inner_product_backward_weights_desc_init(
            &o.dense, &l->x, &l->w, l->b, &l->y));
    else
        must(dnnl_convolution_backward_weights_desc_init(
            &o.convolution, dnnl_convolution_auto, &l->x, &l->w, l->b, &l->y,
            l->stride, l->padding, l->padding));
    return o;
}

/* dx */
static operation backward_data(const layer *l)
{
    operation o;
    if (l->dense)
        must(dnnl_inner_product_backward_data_desc_init(&o.dense, &l->x, &l->w,
                                                        &l->y));
    else
        must(dnnl_convolution_backward_data_desc_init(
            &o.convolution, dnnl_convolution_auto, &l->x, &l->w, &l->y,
            l->stride, l->padding, l->padding));
    return o;
}

/* Adds the primitives of a layer.  The first layer needs no dx. */
static void add_layer(step *s, const layer *l)
{
    arrays of = { 0 };
    int first = s->count == 0;
    if (s->count + 3 > MAX_PRIMITIVES)
        bench_fail("--net has too many layers");
    operation y = forward(l, s->forward_only ? dnnl_forward_inference
                                             : dnnl_forward_training);
    dnnl_primitive_desc_t hint = add(s, &of, &y, NULL);
    if (!s->forward_only) {
        operation dw = backward_weights(l);
        dnnl_primitive_desc_destroy(add(s, &of, &dw, hint));
    }
    if (!s->forward_only && !first) {
        operation dx = backward_data(l);
        dnnl_primitive_desc_destroy(add(s, &of, &dx, hint));
    }
    dnnl_primitive_desc_destroy(hint);
}

/* ---- The net's text; bench/nets.py explains the words ---- */

/* A shape whose format oneDNN may choose. */
static dnnl_memory_desc_t any(int axes, dnnl_dim_t a, dnnl_dim_t b,
                              dnnl_dim_t c, dnnl_dim_t d)
{
    dnnl_memory_desc_t format;
    must(dnnl_memory_desc_init_by_tag(&format, axes,
                                      (dnnl_dims_t){ a, b, c, d }, dnnl_f32,
                                      dnnl_format_tag_any));
    return format;
}

/* A number of a word, such as the 2 behind the s of conv8k3s2. */
static int setting(const char *word, char name, int usual)
{
    const char *at = strchr(word, name);
    return at ? atoi(at + 1) : usual;
}

/* An axis of an image after a window has gone over it. */
static int over(int size, int kernel, int padding, int stride)
{
    return (size + 2 * padding - kernel) / stride + 1;
}

static void add_dense(step *s, int image[3], int units)
{
    layer l = { .dense = 1, .y = any(2, s->batch, units, 0, 0),
                .x = any(4, s->batch, image[0], image[1], image[2]),
                .w = any(4, units, image[0], image[1], image[2]),
                .biases = any(1, units, 0, 0, 0), .b = &l.biases };
    add_layer(s, &l);
    image[0] = units;
    image[1] = image[2] = 1;
}

static void add_convolution(step *s, int image[3], const char *word)
{
    const char *settings = strchr(word + strlen("conv"), 'k');
    if (!settings)
        bench_fail("--net: got %s; must be like conv8k3p1s2n", word);
    int units = atoi(word + strlen("conv")), k = atoi(settings + 1);
    int p = setting(settings, 'p', 0), stride = setting(settings, 's', 1);
    int h = over(image[1], k, p, stride), w = over(image[2], k, p, stride);
    layer l = { .x = any(4, s->batch, image[0], image[1], image[2]),
                .w = any(4, units, image[0], k, k),
                .biases = any(1, units, 0, 0, 0),
                .y = any(4, s->batch, units, h, w),
                .b = strchr(settings, 'n') ? NULL : &l.biases,
                .stride = { stride, stride }, .padding = { p, p } };
    add_layer(s, &l);
    image[0] = units;
    image[1] = h;
    image[2] = w;
}

static void add_word(step *s, int image[3], const char *word)
{
    if (strncmp(word, "dense", 5) == 0)
        add_dense(s, image, atoi(word + 5));
    else if (strncmp(word, "conv", 4) == 0)
        add_convolution(s, image, word);
    else if (strncmp(word, "max", 3) == 0 || strncmp(word, "avg", 3) == 0)
        for (int axis = 1, k = atoi(word + 3); axis < 3; axis++)
            image[axis] = over(image[axis], k, 0, setting(word, 's', k));
    else if (strcmp(word, "gap") == 0)
        image[1] = image[2] = 1;
}

static void add_net(step *s, const char *text)
{
    int image[3] = { 1, 1, 1 };
    char *words = strdup(text), *rest = words;
    if (!words || sscanf(strsep(&rest, " "), "%dx%dx%d", &image[0], &image[1],
                         &image[2]) < 1)
        bench_fail("got --net %s; must begin with a shape", text);
    for (char *word; (word = strsep(&rest, " "));)
        add_word(s, image, word);
    free(words);
}

/* ---- Measuring ---- */

static void run(const step *s)
{
    for (int i = 0; i < s->count; i++)
        must(dnnl_primitive_execute(s->calls[i].primitive, s->stream,
                                    s->calls[i].count, s->calls[i].with));
    must(dnnl_stream_wait(s->stream));
}

/* Runs steps for this many seconds.  Returns samples a second. */
static double rate(const step *s, double seconds)
{
    double start = bench_seconds(), elapsed, steps = 0;
    do {
        run(s);
        steps++;
    } while ((elapsed = bench_seconds() - start) < seconds);
    return steps * (double)s->batch / elapsed;
}

static void measure(const options *o)
{
    static step s;
    const dnnl_version_t *v = dnnl_version();
    omp_set_num_threads(o->threads);
    s.batch = o->batch;
    s.forward_only = o->forward_only;
    must(dnnl_engine_create(&s.engine, dnnl_cpu, 0));
    must(dnnl_stream_create(&s.stream, s.engine, dnnl_stream_default_flags));
    add_net(&s, o->net.text);
    for (int turn = 0; bench_next_turn(o, turn); turn++) {
        rate(&s, o->seconds / 5);
        printf("{\"samples_per_second\": %.6g, "
               "\"library\": \"oneDNN %d.%d.%d\"}\n", rate(&s, o->seconds),
               v->major, v->minor, v->patch);
    }
}

int main(int argc, char **argv)
{
    static const bench_command commands[] = {
        { "train", "samples a second of a step's primitives", measure },
        { NULL, NULL, NULL }
    };
    return bench_main(argc, argv, commands);
}
