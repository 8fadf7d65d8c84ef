/* test_misuse_calls.c -- a table of calls of every public function that takes
 * an argument which can be wrong: NULL, negative, out of range, NaN or huge.
 * None may crash; each fails with its message, or gives its neutral answer. */
#include "tests.h"

#include "nets.h"

#include <limits.h>
#include <math.h>

static net n;          /* compiled */
static gradus_graph *g; /* not compiled */
static gradus_node *x, *own; /* an input of g, and a node without a shape */
static gradus_optimiser *o;
static gradus_workspace *w;

static void nothing(gradus_node *node, gradus_part p)
{
    (void)node, (void)p;
}

static const gradus_loss_rule rule = { 0 };
static const gradus_op op = { .name = "own", .forward = nothing },
                       nameless = { .forward = nothing },
                       loss_op = { .name = "own_loss", .forward = nothing,
                                   .loss = &rule };

static void begin(void)
{
    n = net_new(1, (int[]){ 2, 3, 2 }, 4, 1);
    o = gradus_sgd(n.g, NULL);
    w = gradus_workspace_new(n.g, 4);
    g = gradus_graph_new(1);
    x = gradus_input(g, 4);
    own = gradus_append(NULL, &op, sizeof *own, 1, &x);
    ck_assert(o && w && own);
}

static void end(void)
{
    gradus_workspace_free(w);
    gradus_optimiser_free(o);
    net_free(&n);
    gradus_graph_free(g);
}

EACH_TEST(.begin = begin, .end = end)

static const int one = 1, four[] = { 1, 1, 1, 1 };
static const int huge[] = { INT_MAX, INT_MAX, INT_MAX };
static const double two[] = { 1, 2 };
static gradus_real reals[8];
static int32_t labels[4];
static const char *const hole[] = { "a", NULL };

typedef struct {
    const char *call, *why; /* the call as it is written, and its message */
    int refused;            /* whether it was refused, or gave its answer */
} outcome;

#define BYTES sizeof(gradus_node)
#define REFUSES(call, why)                                                  \
    case __COUNTER__:                                                       \
        return (outcome){ #call, why, (call) != 0 }
#define IS_NULL(call, why)                                                  \
    case __COUNTER__:                                                       \
        return (outcome){ #call, why, (call) == NULL }
#define IS(call, answer)                                                    \
    case __COUNTER__:                                                       \
        return (outcome){ #call " == " #answer, NULL, (call) == (answer) }
#define DOES_NOTHING(call)                                                  \
    case __COUNTER__:                                                       \
        return (call, (outcome){ #call, NULL, 1 })

/* The functions of gradus_layer.h.  Makes call number i. */
static outcome call_of_layers(int i)
{
    gradus_node *in[9] = { x, x, x, x, x, x, x, x, x };
    int count = 7;

    switch (i) {
        IS_NULL(gradus_append(g, NULL, BYTES, 1, &x), "the op is NULL");
        IS_NULL(gradus_append(g, &nameless, BYTES, 1, &x), "name is NULL");
        IS_NULL(gradus_append(NULL, NULL, BYTES, 1, &x), "the op is NULL");
        IS_NULL(gradus_append(g, NULL, BYTES, 0, NULL), "the op is NULL");
        IS_NULL(gradus_append(g, &op, 0, 1, &x), "the node has 0 bytes");
        IS_NULL(gradus_append(g, &op, BYTES - 1, 1, &x), "must have at least");
        IS_NULL(gradus_append(g, &loss_op, BYTES, 1, &x), "gradus_loss_node");
        IS_NULL(gradus_append(g, &op, BYTES, -1, in), "got -1 operands");
        IS_NULL(gradus_append(g, &op, BYTES, INT_MIN, in), "must be 0 to 8");
        IS_NULL(gradus_append(g, &op, BYTES, 9, in), "got 9 operands");
        IS_NULL(gradus_append(NULL, &op, BYTES, INT_MAX, &x),
                "got 2147483647 operands");
        IS_NULL(gradus_append(g, &op, BYTES, 1, NULL),
                "own: the array of operands is NULL");
        IS_NULL(gradus_append(NULL, &op, BYTES, 8, NULL), "operands is NULL");
        IS_NULL(gradus_append(NULL, &op, BYTES, 0, NULL), "graph is NULL");
        IS_NULL(gradus_append(n.g, &op, BYTES, 0, NULL), "add nodes before");
        IS_NULL(gradus_set_shape(own, 1, NULL), "the shape is NULL");
        IS_NULL(gradus_set_shape(own, 0, NULL), "has rank 0");
        IS_NULL(gradus_set_shape(own, 4, four), "has rank 4");
        IS_NULL(gradus_set_shape(own, INT_MIN, four), "has rank -2147483648");
        IS_NULL(gradus_set_shape(own, 3, huge), "their product at most");
        IS_NULL(gradus_set_shape(NULL, 1, &one), "");
        IS_NULL(gradus_set_shape(n.dense, 1, &one), "gradus_compile was");
        IS_NULL(gradus_add_param(own, NULL, 1, &one, GRADUS_INIT_HE, 0),
                "name of parameter 0 is NULL");
        IS_NULL(gradus_add_param(own, "a", 1, NULL, GRADUS_INIT_HE, 0),
                "the shape of parameter 0 is NULL");
        IS_NULL(gradus_add_param(own, "a", 0, &one, GRADUS_INIT_HE, 0),
                "has rank 0");
        IS_NULL(gradus_add_param(own, "a", 5, four, GRADUS_INIT_HE, 0),
                "has rank 5");
        IS_NULL(gradus_add_param(own, "a", 3, huge, GRADUS_INIT_HE, 0),
                "their product at most");
        IS_NULL(gradus_add_param(own, "a", 1, &one, (gradus_initialiser)9, 0),
                "the initialiser is 9");
        IS_NULL(gradus_add_param(own, "a", 1, &one, GRADUS_INIT_NORMAL, NAN),
                "the initialiser's a is nan");
        IS_NULL(gradus_add_param(NULL, "a", 1, &one, GRADUS_INIT_HE, 0), "");
        IS_NULL(gradus_add_param(n.relu, "a", 1, &one, GRADUS_INIT_HE, 0),
                "gradus_compile was called");
        IS_NULL(gradus_add_buffer(own, NULL, 1, 0), "name of parameter 0");
        IS_NULL(gradus_add_buffer(own, "a", 0, 0), "a is [0]");
        IS_NULL(gradus_add_buffer(own, "a", 1, NAN), "a is nan");
        IS_NULL(gradus_add_buffer(NULL, "a", 1, 0), "");
        IS_NULL(gradus_add_buffer(n.relu, "a", 1, 0), "gradus_compile was");
        IS_NULL(gradus_set_attr(own, NULL, 1, two), "a setting: the name is NULL");
        IS_NULL(gradus_set_attr(own, "a", 1, NULL), "the values are NULL");
        IS_NULL(gradus_set_attr(own, "a", -1, two), "-1 values");
        IS_NULL(gradus_set_attr(own, "a", 0, NULL), "NULL");
        IS_NULL(gradus_set_attr(NULL, "a", 1, two), "");
        IS_NULL(gradus_set_attr(n.dense, "a", 1, two), "gradus_compile was");
        IS_NULL(gradus_attr_values(n.dense->attr, NULL, &count), NULL);
        IS_NULL(gradus_attr_values(NULL, NULL, NULL), NULL);
        IS(gradus_attr_values(n.dense->attr, "units", NULL) != NULL, true);
        IS(gradus_attr_int(n.dense->attr, NULL, 5), 5);
        IS(gradus_attr_int(NULL, "units", 5), 5);
        IS(gradus_attr_double(n.dense->attr, NULL, 5), 5);
        IS_NULL(gradus_fail(NULL, NULL), "");
        IS_NULL(gradus_fail(own, NULL), "node 1, own1: ");
        IS(gradus_check_gradients(NULL, 4, 1e-6, NULL) < 0, true);
        IS(gradus_check_gradients(n.g, -1, 1e-6, NULL) < 0, true);
        IS(gradus_check_gradients(n.g, 4, INFINITY, NULL) < 0, true);
    }
    ck_abort_msg("there is no call %d", i);
    return (outcome){ 0 };
}
enum { LAYER_CALLS = __COUNTER__ };

/* Some of gradus.h, beside those in test_misuse.c. */
static outcome call_of_nets(int i)
{
    static gradus_random r; /* all zero: a stream, too */
    static uint32_t words[4];
    gradus_node *nodes[9] = { x, NULL };
    gradus_metrics m;
    gradus_regression_errors e;
    double real;
    gradus_dataset d = { .n = 4, .size = 2, .x = reals, .labels = labels };

    switch (i + LAYER_CALLS + 1) {
        DOES_NOTHING(gradus_random_init(NULL, 1, 2, 3));
        IS(gradus_random_u32(NULL), 0);
        IS(gradus_random_below(NULL, 5), 0);
        IS(gradus_random_below(&r, 0), 0);
        IS(gradus_random_uniform(NULL), 0);
        IS(gradus_random_normal(NULL), 0);
        DOES_NOTHING(gradus_philox(NULL, words, words));
        DOES_NOTHING(gradus_philox(words, NULL, words));
        DOES_NOTHING(gradus_philox(words, words, NULL));
        IS_NULL(gradus_concat(2, NULL), "concat");
        IS_NULL(gradus_concat(0, nodes), "must be 1 to 8");
        IS_NULL(gradus_concat(INT_MIN, nodes), "must be 1 to 8");
        IS_NULL(gradus_concat(9, nodes), "must be 1 to 8");
        IS_NULL(gradus_concat(2, nodes), "concat: operand 2 of 2 is NULL");
        IS_NULL(gradus_reshape(x, 1, NULL), "NULL");
        IS_NULL(gradus_reshape(x, 0, four), "rank");
        IS_NULL(gradus_reshape(x, 4, four), "rank");
        IS_NULL(gradus_reshape(x, INT_MAX, four), "rank");
        IS_NULL(gradus_reshape(x, 3, huge), "their product at most");
        IS_NULL(gradus_conv2d(x, INT_MAX, INT_MAX, NULL), "");
        IS_NULL(gradus_conv2d(gradus_image(g, 1, 4, 4), 1, 2,
                              &(gradus_conv2d_options){ .stride = -1 }), "");
        IS_NULL(gradus_conv2d(gradus_image(g, 1, 4, 4), 1, 2,
                              &(gradus_conv2d_options){
                                  .padding = INT_MAX }), "");
        IS_NULL(gradus_conv2d(gradus_image(g, 1, 4, 4), 1, 2,
                              &(gradus_conv2d_options){
                                  .groups = INT_MIN }), "");
        IS_NULL(gradus_maxpool2d(gradus_image(g, 1, 4, 4), INT_MIN, NULL), "");
        IS_NULL(gradus_avgpool2d(gradus_image(g, 1, 4, 4), 2,
                                 &(gradus_pool2d_options){
                                     .padding = INT_MIN }), "");
        IS_NULL(gradus_dropout(x, NAN), "probability is nan");
        IS_NULL(gradus_embedding(x, INT_MAX, 1), "tokens is 2147483647");
        IS_NULL(gradus_embedding(x, 5, INT_MIN), "size is -2147483648");
        IS_NULL(gradus_huber(x, x, &(gradus_huber_options){
                                       .delta = NAN }), "delta is nan");
        REFUSES(gradus_set_group(NULL, 1, 1), "node is NULL");
        REFUSES(gradus_set_group(n.dense, NAN, 1), "lr_scale is nan");
        REFUSES(gradus_set_group(n.dense, 1, -1), "decay_scale -1");
        REFUSES(gradus_want_value(NULL), "node is NULL");
        REFUSES(gradus_augment(NULL, NULL), "gradus_augment");
        REFUSES(gradus_augment(gradus_image(g, 1, 4, 4), NULL), "NULL");
        REFUSES(gradus_set_loss_weight(n.loss, NAN), "weight is nan");
        IS_NULL(gradus_node_at(n.g, INT_MIN), NULL);
        IS_NULL(gradus_node_at(n.g, INT_MAX), NULL);
        IS_NULL(gradus_find_node(NULL, "x"), NULL);
        IS_NULL(gradus_find_node(n.g, NULL), NULL);
        IS_NULL(gradus_node_name(NULL), NULL);
        IS_NULL(gradus_node_op(NULL), NULL);
        IS(gradus_node_size(NULL), 0);
        IS(gradus_node_shape(NULL, NULL), 0);
        IS(gradus_node_shape(n.x, NULL), 1);
        IS_NULL(gradus_value(NULL), "node is NULL");
        IS_NULL(gradus_gradient(NULL), "node is NULL");
        IS_NULL(gradus_param_at(NULL, 0), NULL);
        IS_NULL(gradus_param_at(n.dense, INT_MIN), NULL);
        IS_NULL(gradus_param_at(n.dense, INT_MAX), NULL);
        IS_NULL(gradus_find_param(NULL, "weight"), NULL);
        IS_NULL(gradus_find_param(n.dense, NULL), NULL);
        REFUSES(gradus_split(NULL, 0.5, 1, NULL, &d, &d), "NULL");
        REFUSES(gradus_split(&d, NAN, 1, NULL, &d, &d), "");
        REFUSES(gradus_fold(NULL, 2, 0, 1, NULL, &d, &d), "NULL");
        REFUSES(gradus_fold(&d, 2, 0, 1, NULL, NULL, NULL), "NULL");
        REFUSES(gradus_fold(&d, INT_MIN, INT_MAX, 1, NULL, &d, &d), "");
        REFUSES(gradus_class_weights(NULL, 2, &(double){ 0 }), "needs a");
        REFUSES(gradus_class_weights(&d, 2, NULL), "needs a dataset");
        REFUSES(gradus_class_weights(&d, INT_MIN, &(double){ 0 }), "");
        IS_NULL(gradus_adam(NULL, NULL), "graph is NULL");
        IS_NULL(gradus_adamw(NULL, NULL), "graph is NULL");
        IS_NULL(gradus_rmsprop(NULL, NULL), "graph is NULL");
        IS_NULL(gradus_adagrad(NULL, NULL), "graph is NULL");
        IS_NULL(gradus_adam(n.g, &(gradus_adam_options){ .beta1 = NAN }),
                "beta1 is nan");
        REFUSES(gradus_set_clip(NULL, 1, 1), "optimiser is NULL");
        REFUSES(gradus_set_clip(o, NAN, 0), "max_norm is nan");
        REFUSES(gradus_set_clip(o, 0, -1), "max_value is -1");
        REFUSES(gradus_set_clip(o, 0, NAN), "max_value is nan");
        REFUSES(gradus_set_decay_matrices_only(NULL, 1), "is NULL");
        REFUSES(gradus_set_learning_rate(o, NAN), "learning rate is nan");
        IS(isnan(gradus_clip_norm(NULL)) != 0, true);
        IS(isnan(gradus_lr_step(1, 1, 0, 1)) != 0, true);
        IS(isnan(gradus_lr_cosine(1, 1, 0, 0)) != 0, true);
        IS(isnan(gradus_lr_one_cycle(1, 1, 0, 0, 0, 0)) != 0, true);
        IS(isnan(gradus_lr_one_cycle(1, 1, 5, NAN, 0, 0)) != 0, true);
        REFUSES(gradus_fit(o, &d, &(gradus_fit_options){ .epochs = -1 }),
                "epochs is -1");
        REFUSES(gradus_fit(o, &d, &(gradus_fit_options){ .batch = INT_MIN }),
                "batch is -2147483648");
        REFUSES(gradus_fit(o, &d, &(gradus_fit_options){
                                      .min_delta = NAN, .patience = 1,
                                      .validation = &d }), "min_delta");
        REFUSES(gradus_fit(o, &d, &(gradus_fit_options){ .patience = -1 }),
                "patience is -1");
        REFUSES(gradus_evaluate(n.g, &d,
                                &(gradus_evaluate_options){ .k = INT_MIN },
                                &m), "k is -2147483648");
        REFUSES(gradus_classification_metrics(2, NULL, NULL, NULL, NULL),
                "matrix is NULL");
        REFUSES(gradus_classification_metrics(INT_MIN, &(size_t){ 1 }, NULL,
                                              NULL, NULL),
                "classes is -2147483648");
        REFUSES(gradus_multilabel_metrics(4, 2, NULL, reals, 0, NULL, NULL,
                                          NULL, NULL), "y is NULL");
        REFUSES(gradus_multilabel_metrics(4, 2, reals, NULL, 0, NULL, NULL,
                                          NULL, NULL), "t is NULL");
        REFUSES(gradus_multilabel_metrics(4, INT_MIN, reals, reals, 0, NULL,
                                          NULL, NULL, NULL), "-2147483648");
        REFUSES(gradus_multilabel_metrics(4, 2, reals, reals, NAN, NULL, NULL,
                                          NULL, NULL), "threshold is nan");
        IS(gradus_multilabel_metrics(4, 2, reals, reals, 0, NULL, NULL, NULL,
                                     NULL), 0);
        REFUSES(gradus_roc_auc(4, NULL, 1, labels, &real), "NULL");
        REFUSES(gradus_roc_auc(4, reals, 1, NULL, &real), "NULL");
        REFUSES(gradus_roc_auc(4, reals, 1, labels, NULL), "NULL");
        REFUSES(gradus_roc_auc(4, reals, 0, labels, &real), "stride of 0");
        REFUSES(gradus_regression_metrics(4, 2, NULL, reals, &e),
                "y is NULL");
        REFUSES(gradus_regression_metrics(4, 2, reals, NULL, &e),
                "t is NULL");
        REFUSES(gradus_regression_metrics(4, 2, reals, reals, NULL),
                "errors are NULL");
        REFUSES(gradus_regression_metrics(4, INT_MIN, reals, reals, &e),
                "-2147483648 columns");
        REFUSES(gradus_train_step(o, NULL, INT_MIN), "-2147483648 rows");
        REFUSES(gradus_forward(n.g, NULL, INT_MAX), "2147483647 rows");
        REFUSES(gradus_backward_add(NULL), "the graph is NULL");
        IS_NULL(gradus_workspace_new(n.g, INT_MIN), "max_batch is");
        IS_NULL(gradus_infer(w, reals, INT_MAX), "got 2147483647 rows");
        IS_NULL(gradus_infer_u8(w, NULL, 1),
                "gradus_infer_u8: the data is NULL");
        IS_NULL(gradus_infer_u8(NULL, NULL, 1),
                "gradus_infer_u8: the workspace is NULL");
        IS_NULL(gradus_infer_value(w, x), "is of another graph");
        IS_NULL(gradus_infer_value(w, NULL), "the node is NULL");
        IS_NULL(gradus_infer_value(NULL, x), "the workspace is NULL");
        REFUSES(gradus_set_class_names(n.g, 2, hole), "class 1: the name is");
        REFUSES(gradus_set_class_names(n.g, INT_MIN, hole), "names");
        IS_NULL(gradus_class_name(n.g, INT_MAX), NULL);
        IS_NULL(gradus_metadata_key(n.g, INT_MIN), NULL);
        IS_NULL(gradus_metadata_key(n.g, INT_MAX), NULL);
        IS_NULL(gradus_table_new(NULL, NULL), "path is NULL");
        IS_NULL(gradus_table_load(NULL, "x", 0), "table is NULL");
        IS_NULL(gradus_get_table(NULL), "graph is NULL");
        IS_NULL(gradus_get_table(g), "has no table");
        DOES_NOTHING(gradus_table_free(NULL));
        DOES_NOTHING(gradus_table_ignore_answers(NULL));
        REFUSES(gradus_table_fit(NULL, &d), "table is NULL");
        REFUSES(gradus_set_table(x, NULL, NULL), "table is NULL");
        REFUSES(gradus_standardise(x, two, NULL, NULL), "deviations are NULL");
    }
    ck_abort_msg("there is no call %d", i);
    return (outcome){ 0 };
}
enum { CALLS = __COUNTER__ - 1 };

LOOP_TEST(a_wrong_argument_is_an_error_or_gives_a_neutral_answer, CALLS)
{
    outcome got = _i < LAYER_CALLS ? call_of_layers(_i)
                                   : call_of_nets(_i - LAYER_CALLS);

    ck_assert_msg(got.refused, "%s: must be refused", got.call);
    ck_assert_msg(!got.why || strstr(gradus_error(), got.why),
                  "%s: the message must contain \"%s\", but is \"%s\"",
                  got.call, got.why, gradus_error());
}
