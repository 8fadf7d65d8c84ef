/* test_graph.c -- how graphs are built and compiled. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include "tests.h"

#include "nets.h"

#include <stdlib.h>

/* ---- fan-out --------------------------------------------------------- */

/* x -> dense -> body -> one or two heads, each into a loss of its own. */
typedef struct {
    gradus_graph *g;
    gradus_node *x, *dense, *body, *head[2], *loss[2];
    gradus_node *t[2];
} fork_net;

/* Makes and compiles the net with head 0 (three classes), head 1 (four
 * classes) or both. */
static fork_net fork_new(int with_0, int with_1)
{
    fork_net f = { .g = gradus_graph_new(5) };
    const int with[] = { with_0, with_1 };

    f.x = gradus_input(f.g, 6);
    ck_assert_int_eq(gradus_want_gradient(f.x), 0);
    f.dense = gradus_dense(f.x, 9);
    f.body = gradus_relu(f.dense);
    for (int i = 0; i < 2; i++)
        if (with[i]) {
            f.t[i] = gradus_labels(f.g, 1);
            f.head[i] = gradus_dense(f.body, 3 + i);
            f.loss[i] = gradus_softmax_ce(f.head[i], f.t[i], NULL);
        }
    ck_assert_msg(gradus_compile(f.g, 20, 2) == 0, "%s", gradus_error());
    return f;
}

static void fork_run(const fork_net *f, const gradus_dataset *d)
{
    int32_t other[20];

    for (size_t i = 0; i < d->n; i++)
        other[i] = (int32_t)(i % 4);
    ck_assert_int_eq(gradus_feed(f->x, d->x, d->n), 0);
    if (f->t[0])
        ck_assert_int_eq(gradus_feed_labels(f->t[0], d->labels, d->n), 0);
    if (f->t[1])
        ck_assert_int_eq(gradus_feed_labels(f->t[1], other, d->n), 0);
    ck_assert_int_eq(gradus_forward(f->g, NULL, (int)d->n), 0);
    ck_assert_int_eq(gradus_backward(f->g), 0);
}

static void copy_weight(gradus_node *to, const gradus_node *from)
{
    memcpy(to->param[0].w, from->param[0].w,
           from->param[0].size * sizeof(gradus_real));
}

/* Asserts that a = b + c, all [n], up to rounding. */
static void assert_sum(const gradus_real *a, const gradus_real *b,
                       const gradus_real *c, size_t n)
{
    gradus_real *sum = malloc(n * sizeof *sum);

    ck_assert_ptr_nonnull(sum);
    for (size_t i = 0; i < n; i++)
        sum[i] = b[i] + c[i];
    ck_assert_double_lt(distance(a, sum, n), TOLERANCE);
    free(sum);
}

EACH_TEST(.timeout = 60)

/* (B1) at body, which two heads use */
TEST(a_node_used_twice_gets_the_sum_of_both_gradients)
{
    fork_net both = fork_new(1, 1), one[] = { fork_new(1, 0), fork_new(0, 1) };
    gradus_dataset d = data_new(1, 20, 6, 3);

    fork_run(&both, &d);
    for (int i = 0; i < 2; i++) {
        copy_weight(one[i].dense, both.dense);
        copy_weight(one[i].head[i], both.head[i]);
        fork_run(&one[i], &d);
        ck_assert_double_lt(
            distance(both.head[i]->param[0].dw, one[i].head[i]->param[0].dw,
                     both.head[i]->param[0].size), TOLERANCE);
    }
    ck_assert_double_eq_tol(gradus_loss(both.g),
                            gradus_loss(one[0].g) + gradus_loss(one[1].g),
                            1e-6);
    assert_sum(both.body->dy, one[0].body->dy, one[1].body->dy, 20 * 9);
    assert_sum(both.x->dy, one[0].x->dy, one[1].x->dy, 20 * 6);
    for (int j = 0; j < 2; j++)
        assert_sum(both.dense->param[j].dw, one[0].dense->param[j].dw,
                   one[1].dense->param[j].dw, both.dense->param[j].size);
    gradus_graph_free(both.g);
    gradus_graph_free(one[0].g);
    gradus_graph_free(one[1].g);
    data_free(&d);
}

TEST(a_loss_weight_scales_loss_and_gradients_and_may_change)
{
    fork_net one = fork_new(1, 0), three = fork_new(1, 0);
    gradus_dataset d = data_new(1, 20, 6, 3);

    fork_run(&one, &d);
    fork_run(&three, &d);
    ck_assert_double_eq(gradus_loss(three.g), gradus_loss(one.g));
    ck_assert_int_eq(gradus_set_loss_weight(three.loss[0], 3), 0);
    fork_run(&three, &d);
    ck_assert_double_eq_tol(gradus_loss(three.g), 3 * gradus_loss(one.g),
                            1e-9);
    gradus_real *gradient = gradus_gradients(one.g);
    for (size_t i = 0; i < gradus_parameter_count(one.g); i++)
        gradient[i] *= 3;
    ck_assert_double_lt(distance(gradus_gradients(three.g), gradient,
                                 gradus_parameter_count(one.g)), TOLERANCE);
    gradus_graph_free(one.g);
    gradus_graph_free(three.g);
    data_free(&d);
}

/* ---- names, parameters ------------------------------------------------ */

TEST(nodes_are_named_by_op_and_number_unless_the_user_names_them)
{
    static const char *const names[] = { "input",  "input2", "labels",
                                         "dense1", "trunk",  "dense3",
                                         "relu1",  "row_weights" };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2);

    gradus_image(g, 1, 2, 3);
    gradus_labels(g, 1);
    gradus_dense(x, 3);
    ck_assert_int_eq(gradus_set_name(gradus_dense(x, 4), "trunk"), 0);
    gradus_relu(gradus_dense(x, 5));
    gradus_row_weights(g);
    ck_assert_int_eq(gradus_node_count(g), 8);
    for (int i = 0; i < 8; i++)
        ck_assert_str_eq(gradus_node_at(g, i)->name, names[i]);
    ck_assert_ptr_null(gradus_node_at(g, 8));
    ck_assert_ptr_null(gradus_node_at(g, -1));
    gradus_graph_free(g);
}

TEST(an_automatic_name_avoids_those_that_are_taken)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2), *first = gradus_dense(x, 2);

    ck_assert_int_eq(gradus_set_name(first, "dense2"), 0);
    ck_assert_int_eq(gradus_set_name(first, "dense2"), 0); /* its own */
    ck_assert_str_eq(gradus_dense(x, 2)->name, "dense3");
    gradus_graph_free(g);
}

TEST(parameters_lie_in_node_order_weight_before_bias)
{
    net n = net_new(1, (int[]){ 5, 7, 3 }, 4, 1);
    gradus_real *theta = gradus_parameters(n.g), *grad = gradus_gradients(n.g);

    ck_assert_uint_eq(gradus_parameter_count(n.g), 5 * 7 + 7 + 7 * 3 + 3);
    ck_assert_ptr_eq(n.dense->param[0].w, theta);
    ck_assert_ptr_eq(n.dense->param[1].w, theta + 35);
    ck_assert_ptr_eq(n.z->param[0].w, theta + 42);
    ck_assert_ptr_eq(n.z->param[1].w, theta + 63);
    ck_assert_ptr_eq(n.z->param[1].dw, grad + 63);
    ck_assert_str_eq(n.z->param[1].name, "bias");
    ck_assert_int_eq(n.dense->param[0].shape[0], 7); /* [units,in] */
    ck_assert_int_eq(n.dense->param[0].shape[1], 5);
    ck_assert_uint_eq((uintptr_t)theta % 64, 0);
    ck_assert_uint_eq((uintptr_t)n.z->y % 64, 0);
    net_free(&n);
}

TEST(a_graph_has_no_parameters_and_no_threads_before_compile)
{
    gradus_graph *g = gradus_graph_new(1);

    gradus_dense(gradus_input(g, 2), 2);
    ck_assert_ptr_null(gradus_parameters(g));
    ck_assert_ptr_null(gradus_gradients(g));
    ck_assert_uint_eq(gradus_parameter_count(g), 0);
    ck_assert_uint_eq(gradus_parameters_hash(g), 0);
    ck_assert_int_eq(gradus_threads(g), 0);
    ck_assert_int_eq(gradus_max_batch(g), 0);
    ck_assert_int_eq(gradus_compile(g, 3, 2), 0);
    ck_assert_int_eq(gradus_threads(g), 2);
    ck_assert_int_eq(gradus_max_batch(g), 3);
    gradus_graph_free(g);
}

TEST(zero_threads_means_all_processors)
{
    net n = net_new(1, (int[]){ 2, 2, 2 }, 1, 0);

    ck_assert_int_ge(gradus_threads(n.g), 1);
    net_free(&n);
}

/* ---- fused nodes ------------------------------------------------------- */

/* An op that doubles its operand, and computes one more of its kind. */
static void be_twice(gradus_node *n, gradus_part p)
{
    const gradus_real *x = gradus_row(n->in[0]->y, p, 1);
    gradus_real *y = gradus_row(n->result->y, p, 1);

    for (int i = 0; i < p.rows; i++)
        y[i] = (n->result == n ? 2 : 4) * x[i];
}

static bool fuse_one(gradus_node *n, const gradus_node *user)
{
    return n->result == n && user->op == n->op;
}

TEST(a_node_that_another_computes_computes_no_others)
{
    static const gradus_op op = { .name = "twice", .forward = be_twice,
                                  .fuse = fuse_one };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 1), *n = x;
    const gradus_real three = 3;

    for (int i = 0; i < 5; i++)
        n = gradus_set_shape(gradus_append(NULL, &op, sizeof *n, 1, &n), 1,
                             &(int){ 1 });
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_int_eq(gradus_feed(x, &three, 1), 0);
    ck_assert_int_eq(gradus_forward(g, NULL, 1), 0);
    ck_assert_double_eq(gradus_value(n)[0], 96);
    gradus_graph_free(g);
}

static bool fuse_any(gradus_node *n, const gradus_node *user)
{
    (void)n, (void)user;
    return true;
}

/* Such a node's value is computed along with its first operand's. */
TEST(a_node_computes_no_other_of_which_it_is_the_second_operand)
{
    static const gradus_op op = { .name = "twice", .forward = be_twice,
                                  .fuse = fuse_any };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 1);
    gradus_node *n = gradus_set_shape(gradus_append(NULL, &op, sizeof *n, 1,
                                                    &x), 1, &(int){ 1 });
    gradus_node *sum = gradus_add(x, n);
    const gradus_real three = 3;

    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_int_eq(gradus_feed(x, &three, 1), 0);
    ck_assert_int_eq(gradus_forward(g, NULL, 1), 0);
    ck_assert_double_eq(gradus_value(sum)[0], 9);
    gradus_graph_free(g);
}

/* ---- scratch memory ---------------------------------------------------- */

/* An op y = x w [1,units] that writes to its scratch memory in each call. */
static void use_scratch(gradus_part p)
{
    ck_assert_ptr_nonnull(p.scratch);
    p.scratch[0] = p.scratch[1] = 1;
}

static void product(gradus_node *n, gradus_part p)
{
    use_scratch(p);
    for (int i = p.row; i < p.row + p.rows; i++)
        for (int k = p.unit; k < p.unit + p.units; k++)
            n->y[i * n->units + k] = n->in[0]->y[i] * n->param[0].w[k];
}

static void product_gradient(gradus_node *n, gradus_part p)
{
    use_scratch(p);
    for (int k = p.unit; k < p.unit + p.units; k++) {
        gradus_real sum = p.add ? n->param[0].dw[k] : 0;
        for (int i = p.row; i < p.row + p.rows; i++)
            sum += n->dy[i * n->units + k] * n->in[0]->y[i];
        n->param[0].dw[k] = sum;
    }
}

/* Two rows go through 4 units by units, and through 3 by rows. */
LOOP_TEST(every_pass_has_scratch_memory, 2)
{
    static const gradus_op op = { .name = "product", .forward = product,
                                  .gradient = product_gradient,
                                  .by_units = true };
    const gradus_real x[] = { 3, 5 }, target[8] = { 0 };
    int units = 4 - _i;
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *in = gradus_input(g, 1), *t = gradus_input(g, units);
    gradus_node *n = gradus_append(NULL, &op, sizeof *n, 1, &in);

    gradus_set_shape(n, 1, &units);
    gradus_add_param(n, "weight", 1, &units, GRADUS_INIT_HE, 0);
    n->scratch = 2;
    gradus_mse(n, t, NULL);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    ck_assert_int_eq(gradus_feed(in, x, 2), 0);
    ck_assert_int_eq(gradus_feed(t, target, 2), 0);
    ck_assert_int_eq(gradus_forward(g, NULL, 2), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
    gradus_graph_free(g);
}

/* ---- summary ----------------------------------------------------------- */

static void add_line(FILE *f, const char *name, const char *operands,
                     const char *shape, int parameters, int bytes)
{
    fprintf(f, "%-17s %-24s %-16s %12d %12d\n", name, operands, shape,
            parameters, bytes);
}

TEST(the_summary_is_a_table_of_the_nodes)
{
    net n = net_new(1, (int[]){ 4, 8, 3 }, 10, 1);
    char *wanted, *text;
    size_t length;
    int real = sizeof(gradus_real);

    FILE *f = open_memstream(&wanted, &length);
    fprintf(f, "%-17s %-24s %-16s %12s %12s\n", "node", "operands", "shape",
            "parameters", "bytes");
    add_line(f, "input", "-", "[B,4]", 0, 40 * real);
    add_line(f, "labels", "-", "[B,1]", 0, 40);
    add_line(f, "dense1", "input", "[B,8]", 40, (80 + 160) * real);
    add_line(f, "relu1", "dense1", "[B,8]", 0, 160 * real);
    add_line(f, "dense2", "relu1", "[B,3]", 27, (54 + 60) * real);
    add_line(f, "softmax_ce1", "dense2 labels", "[B,3]", 0, 30 * real);
    add_line(f, "total", "", "", 67, 584 * real + 40);
    fclose(f);
    f = open_memstream(&text, &length);
    ck_assert_int_eq(gradus_summary(n.g, f), 0);
    fclose(f);
    ck_assert_str_eq(text, wanted);
    free(text);
    free(wanted);
    net_free(&n);
}

/* A batchnorm of 8 values has 8 weights and 8 biases, which are trained, and 8
 * means and 8 variances, which are not; there are two of it. */
TEST(the_summary_says_how_many_parameters_are_not_trained)
{
    gradus_graph *g = gradus_graph_new(1);
    char text[2048] = "";
    FILE *f = fmemopen(text, sizeof text, "w");

    gradus_batchnorm(gradus_batchnorm(gradus_input(g, 8)));
    ck_assert_int_eq(gradus_compile(g, 10, 1), 0);
    ck_assert_int_eq(gradus_summary(g, f), 0);
    fclose(f);
    ck_assert_msg(strstr(text, "\n32 of the parameters are buffers (running "
                         "means and variances, say), which no optimiser "
                         "changes\n") != NULL, "%s", text);
    gradus_graph_free(g);
}

TEST(a_summary_that_cannot_be_written_is_an_error)
{
    net n = net_new(1, (int[]){ 4, 8, 3 }, 10, 1);
    FILE *f = fopen("/dev/full", "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ne(gradus_summary(n.g, f), 0);
    assert_error("gradus_summary: cannot write to the file");
    fclose(f);
    net_free(&n);
}
