/* compile.c -- makes a drawn graph ready to run.
 *
 * It checks the nodes, decides which of them have a gradient and which are
 * fused, starts the threads, cuts the parameters into tiles, allocates all
 * arrays in one block, and initialises the parameters. */
#include "base/error.h"
#include "base/memory.h"
#include "base/mode.h"
#include "base/pool.h"
#include "graph/cut.h"
#include "graph/gather.h"
#include "graph/graph.h"
#include "graph/stages.h"

#include <math.h>

enum { MAX_THREADS = 1024 };

/* ---- checks ------------------------------------------------------------- */

/* Checks a node that its constructor has finished: that its operands hold what
 * it can read, that it has a shape, and that its op has the functions which a
 * node of its kind needs. */
static int check_node(const gradus_node *n)
{
    const gradus_op *op = n->op;

    for (int j = 0; j < n->n_in; j++)
        if (n->in[j]->kind == GRADUS_KIND_LABELS && !(op->loss && j))
            return gradus_refuse(n, "operand %s holds labels; only losses "
                                 "take labels, as targets", n->in[j]->name);
    if (n->size < 1)
        return gradus_refuse(n, "has no shape; its constructor must call "
                             "gradus_set_shape");
    if (gradus_mixes(n) && (!op->mixing->unite || !op->mixing->sum_back ||
                            !op->mixing->unite_back))
        return gradus_refuse(n, "its op's mixing must have unite, sum_back "
                             "and unite_back, as it has sum");
    if (n->n_params && !op->gradient && !op->backward && !gradus_mixes(n))
        return gradus_refuse(n, "has parameters, but its op has neither "
                             "gradient nor backward");
    if (n->kind == GRADUS_KIND_COMPUTED && !op->forward)
        return gradus_refuse(n, "computes its value, but its op has no "
                             "forward");
    return 0;
}

static int check(const gradus_graph *g, int max_batch, int threads)
{
    if (!g || g->max_batch)
        return gradus_error_set("gradus_compile: the graph is %s",
                                g ? "compiled already" : "NULL");
    if (*g->failure)
        return gradus_error_set("%s", g->failure);
    if (gradus_lost_check(g))
        return -1;
    if (g->count == 0)
        return gradus_error_set("gradus_compile: the graph has no nodes");
    if (max_batch < 1)
        return gradus_error_set("gradus_compile: max_batch is %d; must be at "
                                "least 1", max_batch);
    if (threads < 0 || threads > MAX_THREADS)
        return gradus_error_set("gradus_compile: threads is %d; must be 0 (as "
                                "many as there are processors) to %d",
                                threads, MAX_THREADS);
    for (int i = 0; i < g->count; i++)
        if (check_node(g->node[i]))
            return -1;
    return 0;
}

/* ---- memory ------------------------------------------------------------- */

/* Takes a node's arrays from the plan, for batches of up to `batch` rows: y
 * and dy [batch,size], and what else its kind and its op ask for.  Of several
 * fused nodes only the last one, their result, has y and dy. */
static void plan_node(gradus_node *n, gradus_plan *p, size_t batch)
{
    size_t size = (size_t)n->size;
    size_t slices = (size_t)gradus_slice_most((int)batch);

    if (gradus_has_shares(n))
        for (int j = 0; j < n->n_params; j++)
            n->share[j] = gradus_plan_take(p, slices, n->param[j].size,
                                           sizeof *n->share[j]);
    if (n->kind == GRADUS_KIND_LABELS)
        n->label = gradus_plan_take(p, batch, size, sizeof *n->label);
    else if (n->result == n)
        n->y = gradus_plan_take(p, batch, size, sizeof *n->y);
    if (n->result == n && n->wants_gradient)
        n->dy = gradus_plan_take(p, batch, size, sizeof *n->dy);
    n->kept = gradus_plan_take(p, 1, n->keep + batch * n->keep_row,
                               sizeof *n->kept);
    n->sums = gradus_plan_take(p, slices, (size_t)n->n_sums, sizeof *n->sums);
    if (n->op->loss)
        gradus_as_loss(n)->loss = gradus_plan_take(p, batch, 1,
                                                   sizeof(double));
}

/* Takes all arrays of the graph and of its nodes from the plan. */
static void plan(gradus_graph *g, gradus_plan *p, size_t batch)
{
    g->theta = gradus_plan_take(p, 1, g->parameters, sizeof *g->theta);
    g->grad = gradus_plan_take(p, (size_t)(gradus_gradient_most((int)batch) +
                                           g->ranks->size - 1),
                               g->parameters, sizeof *g->grad);
    g->index = gradus_plan_take(p, 1, batch, sizeof *g->index);
    g->stage = gradus_plan_take(p, 1, gradus_stages_most(g), sizeof *g->stage);
    g->tile = gradus_plan_take(p, 1, (size_t)g->tiles, sizeof *g->tile);
    g->scratch = gradus_plan_take(p, (size_t)g->threads, g->scratch_size,
                                  sizeof *g->scratch);
    for (int i = 0; i < g->count; i++)
        plan_node(g->node[i], p, batch);
}

/* Sums up the work of a row, and sets the scratch memory of a thread to a
 * multiple of 16 numbers above the most that any node asks for.  16 floats are
 * a cache line, so two threads never write to the same line. */
static void measure_nodes(gradus_graph *g)
{
    g->work = g->parameters;
    g->scratch_size = 0;
    for (int i = 0; i < g->count; i++) {
        g->work += (size_t)g->node[i]->size;
        if (g->node[i]->scratch > g->scratch_size)
            g->scratch_size = g->node[i]->scratch;
    }
    g->scratch_size = (g->scratch_size / 16 + 1) * 16;
}

/* Points every parameter's w into theta [parameters], in node order. */
static void place_parameters(gradus_graph *g)
{
    size_t at = 0;

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++) {
            g->node[i]->param[j].w = g->theta + at;
            at += g->node[i]->param[j].size;
        }
}

void gradus_place_gradients(gradus_graph *g, int number)
{
    gradus_real *grad = g->grad + (size_t)number * g->parameters;

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++) {
            gradus_param *q = &g->node[i]->param[j];
            q->dw = grad + (q->w - g->theta);
        }
}

/* Walks the plan twice: first to find its size, then to hand the memory
 * out. */
static int allocate(gradus_graph *g, int max_batch, size_t max_bytes)
{
    gradus_plan p = { 0 };

    measure_nodes(g);
    g->tile = NULL;
    gradus_cut_tiles(g); /* counts them */
    plan(g, &p, (size_t)max_batch);
    if (max_bytes < SIZE_MAX && (p.overflow || p.used > max_bytes))
        return gradus_error_set("a max_batch of %d needs %zu bytes, but at "
                                "most %zu are allowed; pass a smaller "
                                "max_batch, or a larger max_bytes", max_batch,
                                p.overflow ? SIZE_MAX : p.used, max_bytes);
    g->block = gradus_plan_allocate(&p);
    if (!g->block)
        return gradus_no_memory("%zu parameters and batches of %d rows, %zu "
                                "bytes; try a smaller max_batch",
                                g->parameters, max_batch, p.used);
    plan(g, &p, (size_t)max_batch);
    gradus_cut_tiles(g);
    place_parameters(g);
    gradus_place_gradients(g, 0);
    return 0;
}

/* ---- first parameters --------------------------------------------------- */

/* The standard deviation of an initialiser that draws normal numbers, the
 * bound of one that draws uniform numbers, or the constant.  He's is normal
 * with variance 2 / fan_in (He et al. 2015), Glorot's uniform within
 * +-sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010).  fan_in is the product
 * of all axes but the first, and fan_out the product of all but the second, as
 * in PyTorch.  For a vector, fan_in is 1 and fan_out is its length. */
static double spread(const gradus_param *p, gradus_initialiser how, double a)
{
    double fan_in = (double)p->size / p->shape[0];
    double fan_out = p->rank < 2 ? p->shape[0] : (double)p->size / p->shape[1];

    switch (how) {
    case GRADUS_INIT_ZERO: return 0;
    case GRADUS_INIT_HE: return sqrt(2.0 / fan_in);
    case GRADUS_INIT_GLOROT: return sqrt(6.0 / (fan_in + fan_out));
    default: return a;
    }
}

/* Draws one number with the spread a; or returns a itself, if the initialiser
 * is a constant, such as zero. */
static double draw(gradus_random *r, gradus_initialiser how, double a)
{
    if (how == GRADUS_INIT_HE || how == GRADUS_INIT_NORMAL)
        return gradus_random_normal(r) * a;
    if (how == GRADUS_INIT_GLOROT || how == GRADUS_INIT_UNIFORM)
        return (2 * gradus_random_uniform(r) - 1) * a;
    return a;
}

/* Initialises parameter j of node i.  Each parameter has a stream of random
 * numbers of its own, so its first values depend on the graph's seed and on i
 * and j, but not on what other parameters have drawn. */
static void initialise(gradus_graph *g, int i, int j)
{
    const gradus_param *p = &g->node[i]->param[j];
    const gradus_initialiser how = g->info[i].start[j].how;
    const double a = spread(p, how, g->info[i].start[j].a);
    gradus_random r;

    gradus_random_init(&r, g->seed, 0,
                       (uint64_t)i * GRADUS_MAX_PARAMS + (uint64_t)j);
    for (size_t k = 0; k < p->size; k++)
        p->w[k] = (gradus_real)draw(&r, how, a);
}

/* ---- compile ------------------------------------------------------------ */

/* Nodes with parameters, and inputs for which gradus_want_gradient was called,
 * want a gradient already.  So does every node that depends on one of these,
 * as back-propagation passes through it; it is an error if its op has no
 * backward.  A loss needs no dy of its own: its backward is where the gradient
 * begins. */
static int spread_wants(gradus_graph *g)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        for (int j = 0; j < n->n_in; j++) {
            if (n->in[j]->wants_gradient && !n->op->backward)
                return gradus_refuse(n, "operand %s wants a gradient, but the "
                                     "op has no backward; must have one",
                                     n->in[j]->name);
            n->wants_gradient |= n->in[j]->wants_gradient && !n->op->loss;
        }
    }
    return 0;
}

/* Finds the nodes whose value must be finite, users before their operands. */
static void spread_finite(gradus_graph *g)
{
    for (int i = g->count; i-- > 0;) {
        const gradus_node *n = g->node[i];
        bool refused = n->op->mask == GRADUS_MASK_KEPT ? n->finite :
                       n->op->mask == GRADUS_MASK_REFUSED && !n->op->loss;
        for (int j = 0; j < n->n_in; j++)
            n->in[j]->finite |= refused;
    }
}

/* Finds, for each gradient, the node that is the first to contribute to it on
 * the way back.  If its op sets dx, the gradient need not be zeroed. */
static void find_first(gradus_graph *g)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i], *user = NULL;
        int operand = 0;
        for (int k = i + 1; k < g->count; k++)
            for (int j = g->node[k]->n_in; j-- > 0;)
                if (g->node[k]->in[j] == n)
                    user = g->node[k], operand = j;
        n->clear_dy = !user || !user->op->sets_dx;
        if (!n->clear_dy)
            user->first[operand] = true;
    }
}

/* If the checks pass but then threads or memory fail, the graph can be
 * compiled again, say with a smaller max_batch, but it can no longer be
 * changed, since its nodes are fused already. */
int gradus_compile_plan(gradus_graph *g, int max_batch, int threads,
                        size_t max_bytes)
{
    if (check(g, max_batch, threads) || spread_wants(g))
        return -1;
    spread_finite(g);
    gradus_fuse(g);
    find_first(g);
    g->threads = threads ? threads : gradus_pool_processors();
    gradus_pool_free(g->pool); /* of a compile that has failed */
    g->pool = gradus_pool_new(g->threads);
    if (!g->pool || allocate(g, max_batch, max_bytes))
        return -1;
    g->max_batch = max_batch;
    return 0;
}

int gradus_need_compiled(const gradus_graph *g, const char *function)
{
    if (g && g->max_batch)
        return 0;
    return gradus_error_set("%s: the graph is %s", function,
                            g ? "not compiled; call gradus_compile first"
                              : "NULL");
}

/* The class names of a model file are not checked, so that what an earlier
 * version has saved still loads. */
int gradus_compile(gradus_graph *g, int max_batch, int threads)
{
    gradus_mode mode;

    int status = g && !*g->failure ? gradus_check_class_count(g) : 0;
    gradus_mode_enter(&mode);
    if (!status)
        status = gradus_compile_plan(g, max_batch, threads, SIZE_MAX);
    for (int i = 0; !status && i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++)
            initialise(g, i, j);
    gradus_mode_leave(&mode);
    return g ? gradus_compare_graphs(g, max_batch, status) : status;
}
