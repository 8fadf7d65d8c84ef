/* check.c -- gradus check: are the gradients of a net right?  They are
 * compared with differences of the loss, by numbers of double precision. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "openblas.h"
#include "rows.h"
#include "text.h"
#include "twin.h"

#include "gradus_layer.h"

#include <inttypes.h>
#include <stdlib.h>

static const char help[] =
    "usage: gradus check MODEL DATA [options]\n"
    "Compares the gradients of the loss of MODEL, a file of gradus train\n"
    "--save, with central differences, (L(w + h) - L(w - h)) / 2h, on the\n"
    "first rows of DATA: a CSV file (or - for standard input), a folder of\n"
    "images, or a folder of files in MNIST's format, of which it takes the\n"
    "test images.  It computes in double precision, as gradus-double, which\n"
    "is installed beside gradus.\n"
    "\n"
    "For each parameter it prints the entry that is the furthest off, its\n"
    "gradient g and its difference d.  An error,\n"
    "|g - d| / (0.01 + max(|g|, |d|)), of at most 1e-4 is right.\n"
    "\n"
    "Where the loss has a corner, as at the 0 of a ReLU or where two values\n"
    "of a maximum are equal, it has no derivative: there d is different on\n"
    "the left and on the right, and is no error as long as the gradient is\n"
    "right on both sides.  Corners are counted.\n"
    "\n"
    "  --rows N     how many rows are the batch (8, or all that there are)\n"
    "  --entries N  how many entries of each parameter are compared (40):\n"
    "               one from each of N equal parts of it, drawn at random\n"
    "  --seed S     decides which (1)\n"
    "  --json       print one JSON object, with every entry\n"
    "  -h, --help   print this\n"
    "\n"
    "Exit status: 0 if all gradients are right, 1 if one is wrong or on an\n"
    "error, 2 for a wrong command line.\n";

static const struct option options[] = {
    {"rows", required_argument, NULL, 'r'},
    {"entries", required_argument, NULL, 'e'},
    {"seed", required_argument, NULL, 's'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

static const double h = 1e-6; /* the step of the differences */
/* The library's error is relative to a tolerance of 1e-6 + 1e-4 times the
 * number; this is the same with its second term as the unit. */
static const double tolerance = 1e-4;

enum { NAME = 18 }; /* columns for the name of a parameter */

/* What was found of one parameter. */
typedef struct {
    const gradus_node *node;
    const gradus_param *param;
    size_t compared, corners, wrong;
    gradus_check_entry worst; /* of those at no corner; its node is NULL if
                                 there are none */
} tally;

typedef struct {
    int rows, entries, json; /* rows: 0 means 8 */
    uint64_t seed;
    model m;
    source s;
    const gradus_dataset *d; /* of s */
    tally *of;               /* [n], of the parameters in their order */
    int n;
    json_t *all;             /* every entry, or NULL */
} checking;

static void parse(checking *c, int argc, char **argv)
{
    for (int o; (o = next_option(argc, argv, "h", options)) != -1;)
        switch (o) {
        case 'r': c->rows = whole_int("--rows", optarg, 1, 256); break;
        case 'e':
            c->entries = whole_int("--entries", optarg, 1, 1000000000);
            break;
        case 's':
            c->seed = whole_number("--seed", optarg, 0, UINT64_MAX);
            break;
        case 'j': c->json = 1; break;
        case 'h':
            fputs(help, stdout);
            exit(finish_stdout());
        default: wrong_option();
        }
    if (argc - optind != 2)
        usage_error("check: got %d argument%s; must be two: a MODEL that "
                    "gradus train has saved, and DATA", argc - optind,
                    argc - optind == 1 ? "" : "s");
}

/* ---- comparing ---------------------------------------------------------- */

static void entry_text(const gradus_check_entry *e, char text[64])
{
    index_text(e->param->rank, e->param->shape, e->entry, text);
}

static json_t *entry_json(const gradus_check_entry *e)
{
    char name[128], at[64];

    snprintf(name, sizeof name, "%s.%s", e->node->name, e->param->name);
    entry_text(e, at);
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "parameter", name,
                     "entry", at, "gradient", json_number(e->gradient),
                     "difference", json_number(e->difference), "error",
                     json_number(tolerance * e->error), "corner", e->corner);
}

/* Called for each entry. */
static void take(const gradus_check_entry *e, void *user)
{
    checking *c = user;

    if (!c->n || e->param != c->of[c->n - 1].param)
        c->of[c->n++] = (tally){ .node = e->node, .param = e->param };
    tally *t = &c->of[c->n - 1];
    t->compared++;
    t->corners += e->corner;
    t->wrong += !e->corner && e->error > 1;
    if (!e->corner && (!t->worst.node || e->error > t->worst.error))
        t->worst = *e;
    if (c->all)
        json_array_append_new(c->all, entry_json(e));
}

static size_t count_wrong(const checking *c)
{
    size_t wrong = 0;

    for (int i = 0; i < c->n; i++)
        wrong += c->of[i].wrong;
    return wrong;
}

/* ---- printing ----------------------------------------------------------- */

static void print_tally(const tally *t)
{
    const gradus_check_entry *e = &t->worst;
    char name[128], at[64];

    snprintf(name, sizeof name, "%s.%s", t->node->name, t->param->name);
    print_cell(stdout, name, NAME, 0);
    printf(" %5zu %7zu", t->compared, t->corners);
    if (e->node) {
        entry_text(e, at);
        printf("  %-11s %10.4g %10.4g %6.0e%s", at, e->gradient,
               e->difference, tolerance * e->error,
               e->error > 1 ? " WRONG" : "");
    }
    putchar('\n');
}

static void print_verdict(const checking *c, const gradus_check *r)
{
    const size_t wrong = count_wrong(c);

    if (r->corners)
        printf("\n%zu of the entries %s at a corner of the loss, where it has "
               "no derivative; beside\nit the gradient is right.\n",
               r->corners, r->corners == 1 ? "is" : "are");
    if (wrong)
        printf("\nwrong: %zu of %zu entries.  Suspect the backward of every "
               "node from %s to the\nloss.\n", wrong, r->compared,
               r->worst.node->name);
    else
        printf("\nright: all %zu entries%s\n", r->compared - r->corners,
               r->corners ? " at no corner" : "");
}

static void print_words(const checking *c, const gradus_check *r)
{
    printf("%s: %d row%s\nh = %g; entries of each parameter: at most %d, "
           "drawn with seed %" PRIu64 "\n\n", printable(c->s.path), c->rows,
           c->rows == 1 ? "" : "s", h, c->entries, c->seed);
    printf("%-*s %5s %7s  %-11s %10s %10s %6s\n", NAME, "parameter",
           "tried", "corners", "worst", "gradient", "difference", "error");
    for (int i = 0; i < c->n; i++)
        print_tally(&c->of[i]);
    print_verdict(c, r);
}

static int print_as_json(const checking *c, const gradus_check *r)
{
    return print_json(json_pack(
        "{s:i, s:f, s:I, s:I, s:I, s:o, s:O}", "rows", c->rows, "h", h,
        "compared", (json_int_t)r->compared, "corners",
        (json_int_t)r->corners, "wrong", (json_int_t)count_wrong(c), "error",
        json_number(tolerance * r->worst.error), "entries", c->all));
}

/* ---- all of it ---------------------------------------------------------- */

/* Decides how many rows there are, and feeds them. */
static int feed(checking *c)
{
    const size_t batch = (size_t)gradus_max_batch(c->m.graph);
    const size_t most = batch < c->d->n ? batch : c->d->n;

    if (!c->rows)
        c->rows = most < 8 ? (int)most : 8;
    if ((size_t)c->rows > most) {
        complain("%s: --rows is %d; must be at most %zu, as %s", c->s.path,
                 c->rows, most, most < c->d->n
                     ? "a larger batch of this net takes too much memory"
                     : "there are no more rows");
        return -1;
    }
    if (check_labels(&c->s, &c->m, c->d, 0, (size_t)c->rows))
        return -1;
    if (!feed_rows(c->m.graph, c->d, 0, (size_t)c->rows))
        return 0;
    complain("%s: %s", c->s.path, gradus_error());
    return -1;
}

static int compare(checking *c)
{
    gradus_check r = { .most = (size_t)c->entries, .seed = c->seed,
                       .each = take, .user = c };

    if (gradus_check_gradients(c->m.graph, c->rows, h, &r) < 0) {
        complain("%s: %s", c->s.path, gradus_error());
        return -1;
    }
    if (c->json && print_as_json(c, &r))
        return -1;
    if (!c->json)
        print_words(c, &r);
    return count_wrong(c) > 0;
}

static int check(checking *c, const char *path, const char *data)
{
    if (open_model(&c->m, path, 0) || understand_model(&c->m) ||
        open_source_for(&c->s, data, &c->m) ||
        !openblas_has_room(gradus_threads(c->m.graph)))
        return -1;
    c->d = known_rows(&c->s, &c->m, NULL);
    c->of = calloc((size_t)gradus_node_count(c->m.graph) * GRADUS_MAX_PARAMS,
                   sizeof *c->of);
    c->all = c->json ? json_array() : NULL;
    if (c->d && (!c->of || (c->json && !c->all)))
        complain("out of memory");
    if (!c->d || !c->of || (c->json && !c->all))
        return -1;
    return feed(c) || compare(c);
}

int command_check(int argc, char **argv)
{
    checking c = { .entries = 40, .seed = 1 };

    parse(&c, argc, argv);
    if (run_in_double(argc, argv))
        return 1;
    int failed = check(&c, argv[optind], argv[optind + 1]);
    json_decref(c.all);
    free(c.of);
    close_source(&c.s);
    close_model(&c.m);
    return failed ? 1 : 0;
}
