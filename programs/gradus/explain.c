/* explain.c -- gradus explain: what a net computes of some rows, forward and
 * back, and where each number of a gradient comes from. */
#define _DEFAULT_SOURCE
#include "explain.h"

#include "apart.h"
#include "command.h"
#include "common.h"
#include "dot.h"
#include "openblas.h"
#include "twin.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: gradus explain MODEL DATA ROW [options]\n"
    "Takes the net of MODEL, a file of gradus train --save or mnist-train\n"
    "--save, forward and back over a row of DATA, as in a step of training,\n"
    "and prints the numbers: what the row is, the loss, the values of each\n"
    "node on the way up, and the gradients on the way down.  Nothing is\n"
    "changed.\n"
    "\n"
    "DATA is a CSV file (or - for standard input), a folder of images, or a\n"
    "folder of files in MNIST's format.  Rows count from 0, so that ROW 0 is\n"
    "the first, as they do in what is printed.  A ROW such as 0-31 is a\n"
    "batch of them, which a net with batch normalisation needs.\n"
    "\n"
    "  --weight W   print where the gradient of one number of a parameter\n"
    "               comes from, such as dense1.weight:3,17: which row, and\n"
    "               which gradient times which value; and beside the sum the\n"
    "               numeric derivative\n"
    "  --at N       the same of one number of a node's value, such as\n"
    "               dense2:9: what the loss or the nodes that use it pass\n"
    "               back to it.  Of a batch, N begins with a row:\n"
    "               3:dense2:9.  (--weight and --at compute in double\n"
    "               precision, as gradus-double, which is installed beside\n"
    "               gradus.)  Without them, the W and the N where each\n"
    "               gradient has its min and its max are printed\n"
    "  --part P     of files in MNIST's format: train or t10k (t10k)\n"
    "  --dot        print the net as a graph for Graphviz, with the range of\n"
    "               the value and of the gradient at each node\n"
    "  --json       print one JSON object\n"
    "  -h, --help   print this\n"
    "\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line.\n";

static const struct option options[] = {
    {"weight", required_argument, NULL, 'w'},
    {"at", required_argument, NULL, 'a'},
    {"part", required_argument, NULL, 'p'},
    {"dot", no_argument, NULL, 'd'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

enum { WORDS, DOT, JSON };

/* What the command line asks for. */
typedef struct {
    const char *weight, *at, *part; /* or NULL */
    int form;
    size_t first, last;             /* rows */
} request;

/* ---- the command line --------------------------------------------------- */

/* Reads the number at *text, and moves *text past it. */
static int read_row(const char **text, size_t *row)
{
    char *end;

    errno = 0;
    const unsigned long long n =
        **text >= '0' && **text <= '9' ? strtoull(*text, &end, 10) : 0;
    if (**text < '0' || **text > '9' || errno || n > SIZE_MAX / 2)
        return -1;
    *row = (size_t)n;
    *text = end;
    return 0;
}

/* Reads 7 or 0-31. */
static void parse_rows(request *r, const char *text)
{
    const char *at = text;
    int failed = read_row(&at, &r->first);

    r->last = r->first;
    if (!failed && *at == '-') {
        at++;
        failed = read_row(&at, &r->last);
    }
    if (failed || *at || r->last < r->first)
        usage_error("ROW '%s': must be a row's number, from 0, or the first "
                    "and the last of a batch, such as 0-31", text);
}

static void refuse_both(const char *both)
{
    usage_error("%s do not go together; leave one of them out", both);
}

static void take_form(request *r, int form)
{
    if (r->form != WORDS && r->form != form)
        refuse_both("--dot and --json");
    r->form = form;
}

static request parse(int argc, char **argv)
{
    request r = { 0 };

    for (int c; (c = next_option(argc, argv, "h", options)) != -1;)
        switch (c) {
        case 'w': r.weight = optarg; break;
        case 'a': r.at = optarg; break;
        case 'p':
            if (strcmp(optarg, "train") != 0 && strcmp(optarg, "t10k") != 0)
                usage_error("--part '%s': must be train or t10k", optarg);
            r.part = optarg;
            break;
        case 'd': take_form(&r, DOT); break;
        case 'j': take_form(&r, JSON); break;
        case 'h':
            fputs(help, stdout);
            exit(finish_stdout());
        default: wrong_option();
        }
    if (r.weight && r.at)
        refuse_both("--at and --weight");
    if ((r.weight || r.at) && r.form == DOT)
        refuse_both(r.at ? "--dot and --at" : "--dot and --weight");
    if (argc - optind != 3)
        usage_error("explain: got %d argument%s; must be three: a MODEL that "
                    "gradus train or mnist-train has saved, DATA and a ROW",
                    argc - optind, argc - optind == 1 ? "" : "s");
    parse_rows(&r, argv[optind + 2]);
    return r;
}

/* ---- looking at numbers ------------------------------------------------- */

spread spread_of(const gradus_real *v, size_t n)
{
    spread s = { .min = INFINITY, .max = -INFINITY };

    for (size_t i = 0; i < n; i++) {
        s.min_at = v[i] < s.min ? i : s.min_at;
        s.max_at = v[i] > s.max ? i : s.max_at;
        s.min = v[s.min_at];
        s.max = v[s.max_at];
        s.mean += v[i] / (double)n;
        s.zeros += v[i] == 0 ? 1 / (double)n : 0;
    }
    return s;
}

int value_spread(const explanation *e, const gradus_node *n, spread *s)
{
    if (n->y)
        *s = spread_of(n->y, (size_t)e->rows * (size_t)n->size);
    return n->y != NULL;
}

int gradient_spread(const explanation *e, const gradus_node *n, spread *s)
{
    const int is = n->dy != NULL && !n->op->loss;

    if (is)
        *s = spread_of(n->dy, (size_t)e->rows * (size_t)n->size);
    return is;
}

const gradus_loss_node *loss_of(const explanation *e)
{
    return gradus_as_loss(output_of(e->g));
}

/* Equations (S5) and (S6) of docs/softmax.md. */
double target_of(const gradus_loss_node *l, int i, int k)
{
    const gradus_node *t = l->node.in[1];
    const double eps = gradus_attr_double(l->node.attr, "label_smoothing", 0);
    const double weight = l->class_weight ? l->class_weight[k] : 1;

    if (t->kind != GRADUS_KIND_LABELS)
        return t->y[(size_t)i * (size_t)t->size + (size_t)k];
    return weight * (eps / l->classes + (t->label[i] == k ? 1 - eps : 0));
}

double divisor_of(const gradus_loss_node *l)
{
    return l->divisor > 0 ? l->divisor : 1;
}

/* ---- the step ----------------------------------------------------------- */

/* Has each row a label that counts?  Nothing could be explained of others. */
static int check_ignored(const explanation *e)
{
    const gradus_loss_node *l = loss_of(e);

    for (size_t i = e->first; i < e->first + (size_t)e->rows; i++)
        if (l->use_ignore_label && e->d->labels[i] == l->ignore_label) {
            complain("%s: row %zu has the label %d, which the net ignores; "
                     "take another row", e->s.path, i, l->ignore_label);
            return -1;
        }
    return 0;
}

/* Takes the rows through the net.  All of the data is fed, so that a row has
 * the number in messages that it has here. */
static int step(explanation *e, const request *r)
{
    e->g = take_apart(e->m.graph, e->rows);
    int failed = !e->g || feed_rows(e->g, e->d, 0, e->d->n);

    if (!failed && ((r->weight && find_entry(e, r->weight)) ||
                    (r->at && find_number(e, r->at))))
        return -1;
    failed = failed || (e->of.node && differentiate(e)) ||
             gradus_forward(e->g, e->index, e->rows) || gradus_backward(e->g);
    if (failed) {
        complain("%s: %s", e->s.path, gradus_error());
        return -1;
    }
    if (check_ignored(e))
        return -1;
    return e->of.node ? find_terms(e) : 0;
}

/* Sets what the batch is, and checks that its labels are classes. */
static int begin_batch(explanation *e, size_t first, size_t n)
{
    e->first = first;
    e->rows = (int)n;
    e->index = calloc(n, sizeof *e->index);
    if (!e->index) {
        complain("out of memory");
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        e->index[i] = (int)(first + i);
    return check_labels(&e->s, &e->m, e->d, first, n);
}

/* Takes the rows that are asked for. */
static int take_rows(explanation *e, const request *r)
{
    const size_t most = (size_t)gradus_max_batch(e->m.graph);

    e->d = known_rows(&e->s, &e->m, r->part);
    if (!e->d)
        return -1;
    if (r->last >= e->d->n)
        complain("%s: ROW is %zu; must be 0 to %zu, as rows count from 0 and "
                 "there %s %zu", e->s.path, r->last, e->d->n - 1,
                 e->d->n == 1 ? "is" : "are", e->d->n);
    else if (r->last - r->first >= most)
        complain("%s: the batch has %zu rows; must have at most %zu",
                 e->s.path, r->last - r->first + 1, most);
    else
        return begin_batch(e, r->first, r->last - r->first + 1) ||
               (e->s.kind == SOURCE_FOLDER &&
                list_images(&e->files, e->s.path));
    return -1;
}

/* ---- printing ----------------------------------------------------------- */

static const explanation *drawn; /* by --dot */

static void print_range(const char *name, const spread *s)
{
    printf("\\n%s %.3g to %.3g", name, s->min, s->max);
}

static void print_ranges(const gradus_node *n)
{
    spread s;

    if (value_spread(drawn, n, &s))
        print_range("value", &s);
    if (gradient_spread(drawn, n, &s))
        print_range("gradient", &s);
    if (n->op->loss)
        printf("\\nloss %.4g", gradus_loss(drawn->g));
}

static int print_explanation(const explanation *e, int form)
{
    if (form == JSON)
        return print_explanation_json(e);
    drawn = e;
    if (form == DOT)
        print_dot(e->g, print_ranges);
    else if (e->of.node)
        print_number(e);
    else
        print_step(e);
    return 0;
}

static int explain(explanation *e, const request *r, char **argv)
{
    if (open_model(&e->m, argv[0], 1) || understand_model(&e->m) ||
        open_source_for(&e->s, argv[1], &e->m) || take_rows(e, r) ||
        !openblas_has_room(1) || step(e, r))
        return -1;
    return print_explanation(e, r->form);
}

int command_explain(int argc, char **argv)
{
    const request r = parse(argc, argv);
    explanation e = { 0 };

    if ((r.weight || r.at) && run_in_double(argc, argv))
        return 1;
    int failed = explain(&e, &r, argv + optind);
    free(e.of.term);
    free(e.index);
    free_paths(&e.files);
    gradus_graph_free(e.g);
    close_source(&e.s);
    close_model(&e.m);
    return failed ? 1 : 0;
}
