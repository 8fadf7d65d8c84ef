/* layers.c -- every layer: y, and the gradients of L = sum (y - target)^2. */
#include "write.h"

typedef struct {
    const char *name;
    int rank, shape[3];
    gradus_node *(*make)(gradus_node *x);
} layer;

static gradus_node *dense(gradus_node *x) { return gradus_dense(x, 5); }

static gradus_node *conv(gradus_node *x, int kernel, int stride, int padding,
                         int groups, int no_bias)
{
    const gradus_conv2d_options o = { .stride = stride, .padding = padding,
                                      .groups = groups, .no_bias = no_bias };

    return gradus_conv2d(x, 4, kernel, &o);
}

static gradus_node *conv_plain(gradus_node *x)
{
    return gradus_conv2d(x, 4, 3, NULL);
}

static gradus_node *conv_1x1(gradus_node *x)
{
    return conv(x, 1, 1, 0, 1, 0);
}

static gradus_node *conv_stride(gradus_node *x)
{
    return conv(x, 3, 2, 0, 1, 0);
}

static gradus_node *conv_padding(gradus_node *x)
{
    return conv(x, 5, 1, 2, 1, 1);
}

static gradus_node *conv_stride_padding(gradus_node *x)
{
    return conv(x, 3, 2, 1, 1, 0);
}

static gradus_node *conv_groups(gradus_node *x)
{
    return conv(x, 3, 1, 1, 2, 0);
}

static gradus_node *conv_depthwise(gradus_node *x)
{
    return conv(x, 3, 2, 1, 4, 0);
}

static gradus_node *maxpool(gradus_node *x)
{
    return gradus_maxpool2d(x, 2, NULL);
}

static gradus_node *maxpool_overlap(gradus_node *x)
{
    return gradus_maxpool2d(
        x, 3, &(gradus_pool2d_options){ .stride = 2, .padding = 1 });
}

static gradus_node *avgpool(gradus_node *x)
{
    return gradus_avgpool2d(x, 2, NULL);
}

static gradus_node *avgpool_overlap(gradus_node *x)
{
    return gradus_avgpool2d(
        x, 3, &(gradus_pool2d_options){ .stride = 2, .padding = 1 });
}

static gradus_node *leaky_relu(gradus_node *x)
{
    return gradus_leaky_relu(x, 0.2);
}

static gradus_node *embedding(gradus_node *x)
{
    return gradus_embedding(x, 7, 3);
}

/* Makes another input, of the shape of x. */
static gradus_node *another(gradus_node *x)
{
    gradus_node *n = gradus_input(x->graph, x->size);

    write_check(gradus_want_gradient(n));
    return gradus_reshape(n, x->rank, x->shape);
}

static gradus_node *add(gradus_node *x)
{
    return gradus_add(x, another(x));
}

static gradus_node *concat(gradus_node *x)
{
    return gradus_concat(3, (gradus_node *[]){ x, another(x), x });
}

static gradus_node *reshape(gradus_node *x)
{
    return gradus_dense(gradus_reshape(x, 3, (int[]){ 2, -1, 3 }), 2);
}

static const layer layers[] = {
    { "dense", 1, { 8 }, dense },
    { "dense_of_image", 3, { 2, 3, 3 }, dense },
    { "conv2d", 3, { 3, 7, 6 }, conv_plain },
    { "conv2d_1x1", 3, { 3, 5, 5 }, conv_1x1 },
    { "conv2d_stride", 3, { 3, 8, 7 }, conv_stride },
    { "conv2d_padding_no_bias", 3, { 3, 6, 6 }, conv_padding },
    { "conv2d_stride_padding", 3, { 3, 8, 7 }, conv_stride_padding },
    { "conv2d_groups", 3, { 6, 5, 5 }, conv_groups },
    { "conv2d_depthwise", 3, { 4, 7, 7 }, conv_depthwise },
    { "maxpool", 3, { 2, 7, 6 }, maxpool },
    { "maxpool_overlap", 3, { 2, 7, 6 }, maxpool_overlap },
    { "avgpool", 3, { 2, 7, 6 }, avgpool },
    { "avgpool_overlap", 3, { 2, 7, 6 }, avgpool_overlap },
    { "global_avgpool", 3, { 3, 4, 5 }, gradus_global_avgpool2d },
    { "relu", 1, { 20 }, gradus_relu },
    { "leaky_relu", 1, { 20 }, leaky_relu },
    { "sigmoid", 1, { 20 }, gradus_sigmoid },
    { "tanh", 1, { 20 }, gradus_tanh },
    { "gelu", 1, { 20 }, gradus_gelu },
    { "silu", 1, { 20 }, gradus_silu },
    { "softmax", 2, { 3, 5 }, gradus_softmax },
    { "layernorm", 2, { 3, 8 }, gradus_layernorm },
    { "batchnorm", 1, { 5 }, gradus_batchnorm },
    { "batchnorm_of_image", 3, { 3, 4, 4 }, gradus_batchnorm },
    { "embedding", 1, { 5 }, embedding },
    { "add", 3, { 2, 3, 3 }, add },
    { "concat", 3, { 2, 3, 3 }, concat },
    { "reshape", 2, { 6, 3 }, reshape },
};

/* x of the case's shape -> the layer -> mse with the input "target". */
static gradus_graph *layer_graph(const layer *l, gradus_node **y)
{
    int tokens = l->make == embedding;
    gradus_graph *g = gradus_graph_new(1);
    int size = 1;

    for (int i = 0; i < l->rank; i++)
        size *= l->shape[i];
    gradus_node *x = gradus_input(g, size);
    write_check(!x || (!tokens && gradus_want_gradient(x)));
    *y = l->make(tokens ? x : gradus_reshape(x, l->rank, l->shape));
    gradus_node *t = *y ? gradus_input(g, (*y)->size) : NULL;
    write_check(!t || gradus_set_name(t, "target"));
    gradus_mse(*y, t, &(gradus_mse_options){
        .reduction = GRADUS_REDUCE_SUM });
    write_check(gradus_compile(g, WRITE_ROWS, 1));
    write_draw_parameters(g);
    write_feed_inputs(g, tokens);
    return g;
}

static void write_layer(const layer *l)
{
    gradus_node *y;

    write_case(l->name);
    gradus_graph *g = layer_graph(l, &y);
    write_data(g);
    write_parameters(g, "");
    write_check(gradus_forward(g, NULL, WRITE_ROWS) || gradus_backward(g));
    write_value("y", y);
    write_gradients(g);
    gradus_graph_free(g);
}

/* Writes what batch normalisation computes with its running moments, after
 * some steps on two batches in turn. */
static void write_running(void)
{
    const layer l = { "batchnorm_running", 3, { 3, 4, 4 }, gradus_batchnorm };
    gradus_node *y;

    write_case(l.name);
    gradus_graph *g = layer_graph(&l, &y);
    write_data(g);
    write_parameters(g, "");
    gradus_optimiser *o = gradus_sgd(g, &(gradus_sgd_options){
        .learning_rate = 1e-3 });
    write_check(!o);
    write_train(o);
    write_parameters(g, "after_");
    gradus_workspace *w = gradus_workspace_new(g, WRITE_ROWS);
    const gradus_real *x = gradus_node_at(g, 0)->fed.x;
    const gradus_real *v = gradus_infer(w, x, WRITE_ROWS);
    write_check(!v);
    write_numbers("y", 4, (int[]){ WRITE_ROWS, 3, 4, 4 }, v);
    gradus_workspace_free(w);
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

void write_layers(void)
{
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        write_layer(&layers[i]);
    write_running();
}
