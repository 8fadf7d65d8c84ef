/* setup.c -- opens the data of a training, divides them, and builds the net.
 *
 * The rows are divided into those to train on and those to validate with; what
 * the table's columns are scaled by is found in the former alone. */
#include "setup.h"

#include "common.h"
#include "groups.h"
#include "nets.h"

#include <string.h>

/* ---- data -------------------------------------------------------------- */

/* Divides the data into rows to train on and rows to validate with, unless
 * other data validate.  Of classes each has its part in both, unless rows
 * belong together. */
static int split(setup *t)
{
    const train_flags *f = t->flags;
    const gradus_split_options how = {
        .stratified = t->data.data->labels && !t->groups,
        .groups = t->groups ? t->groups->labels : NULL };

    if (!f->valid)
        return gradus_split(t->data.data, f->fraction, t->s.seed, &how,
                            &t->train, &t->valid);
    t->train = *t->data.data;
    t->train.owned = NULL;
    return 0;
}

/* Opens data that validate or test, which have the columns or the classes of
 * the training data. */
static int open_other(const setup *t, source *to, const char *path)
{
    const gradus_image_folder_options classes = {
        .class_names = t->data.data->class_names,
        .classes = t->data.data->classes };

    *to = (source){ .path = path };
    if (t->data.table)
        to->data = gradus_table_load(t->data.table, path, 0);
    else if (t->data.kind == SOURCE_FOLDER)
        to->data = gradus_load_image_folder(path, t->flags->of.grey ? 1 : 3,
                                            t->flags->of.height,
                                            t->flags->of.width, &classes);
    else
        to->data = gradus_load_mnist(path, "t10k");
    return to->data ? 0 : -1;
}

/* Refuses an option that is for images where the data are a table, and a net
 * for larger images. */
static int refuse_unsuited(const setup *t)
{
    const settings *s = &t->s;
    const char *option = s->net != NET_MLP ? "--net"
                         : s->augment      ? "--augment"
                         : s->flip         ? "--flip"
                                           : NULL;

    if (!t->data.table || !option)
        return net_takes(s, t->data.data) ? 0 : -1;
    complain("%s: is a table, and %s%s%s is for images; must be %s", s->data,
             option, s->net != NET_MLP ? " " : "",
             s->net != NET_MLP ? net_name(s->net) : "",
             s->net != NET_MLP ? "--net mlp" : "left out");
    return -1;
}

/* The first column from k on that gives a row values; -1 if there is none. */
static int next_column(const gradus_table *t, int k)
{
    for (; k < gradus_table_columns(t); k++) {
        const char *use = gradus_column_use(t, k);
        if (strcmp(use, "number") == 0 || strcmp(use, "text") == 0)
            return k;
    }
    return -1;
}

/* Do columns i of a and j of b have one name and the same categories? */
static int is_same_column(const gradus_table *a, int i, const gradus_table *b,
                          int j)
{
    int values, others;

    gradus_column_span(a, i, &values);
    gradus_column_span(b, j, &others);
    int same = values == others &&
               strcmp(gradus_column_name(a, i), gradus_column_name(b, j)) == 0;
    for (int c = 0; c < values && same; c++) {
        const char *x = gradus_column_category(a, i, c),
                   *y = gradus_column_category(b, j, c);
        same = x && y ? strcmp(x, y) == 0 : x == y;
    }
    return same;
}

/* Refuses a model that a training is to begin with, if other columns than the
 * table's belong to its weights. */
static int refuse_other_columns(const gradus_table *t, const char *from)
{
    gradus_graph *g = from && t ? gradus_load(from, 1, 1, NULL) : NULL;
    gradus_table *other = g ? gradus_get_table(g) : NULL;
    int i = next_column(t, 0), j = next_column(other, 0);

    while (i >= 0 && j >= 0 && is_same_column(t, i, other, j)) {
        i = next_column(t, i + 1);
        j = next_column(other, j + 1);
    }
    const int same = !other || (i < 0 && j < 0);
    if (!same)
        complain("--from %s: has weights for %s%s%s where the table has "
                 "%s%s%s; must be of the same columns in the same order, with "
                 "the same categories", from, j < 0 ? "" : "column \"",
                 j < 0 ? "no column" : gradus_column_name(other, j),
                 j < 0 ? "" : "\"", i < 0 ? "" : "column \"",
                 i < 0 ? "no column" : gradus_column_name(t, i),
                 i < 0 ? "" : "\"");
    gradus_table_free(other);
    gradus_graph_free(g);
    return same ? 0 : -1;
}

static int open_all(setup *t)
{
    const train_flags *f = t->flags;

    if (open_source(&t->data, f->s.data, &f->of) || refuse_unsuited(t))
        return -1;
    if (f->of.group && !(t->groups = load_groups(&t->data, &f->of)))
        return -1;
    if (split(t)) {
        complain("%s: --valid %g: %s", t->s.data, f->fraction,
                 gradus_error());
        return -1;
    }
    if ((f->valid && open_other(t, &t->valid_data, f->valid)) ||
        (f->test && open_other(t, &t->test_data, f->test)) ||
        (t->data.table && gradus_table_fit(t->data.table, &t->train))) {
        complain("%s", gradus_error());
        return -1;
    }
    if (f->valid) {
        t->valid = *t->valid_data.data;
        t->valid.owned = NULL;
    }
    if (!t->valid.labels && !t->valid.targets) {
        complain("%s: has no column to validate with", f->valid);
        return -1;
    }
    return refuse_other_columns(t->data.table, f->from);
}

/* ---- the net ------------------------------------------------------------ */

enum { MANY = 10000 };

/* Sets what was not given, by the number of rows and the kind of data.  Those
 * for tables had the lowest validation losses of seventeen settings, on
 * average over scikit-learn's tables (bench/tables.py).  For tables of more
 * than MANY rows it is the same, of two settings, with 43,152 rows of
 * diamonds. */
static void set_defaults(setup *t)
{
    settings *s = &t->s;
    const gradus_dataset *d = &t->train;
    const int table = t->data.table != NULL;
    const double lr[] = { 0.05, 0.002, 0.002, 0.002 };
    const double decay[] = { 2e-4, 0, table ? 0.5 : 0.01, 0 };

    if (!t->flags->net_given && !s->layers && d->height >= 12 &&
        d->width >= 12)
        s->net = NET_LENET;
    if (!s->layers)
        s->hidden[s->layers++] = 100;
    if (!s->batch)
        s->batch = d->n > 5000 ? 64 : 32;
    if (!s->epochs) {
        const double epochs = 3000. * s->batch / (double)d->n;
        const int least = table ? 30 : 10;
        s->epochs = epochs < least ? least : epochs > 300 ? 300 : (int)epochs;
    }
    s->lr = s->lr < 0 ? lr[s->optim] : s->lr;
    s->weight_decay = s->weight_decay < 0 ? decay[s->optim] : s->weight_decay;
    s->momentum = s->momentum < 0 ? (s->optim == SGD ? 0.9 : 0) : s->momentum;
    if (s->dropout < 0)
        s->dropout = s->net == NET_CONVNET          ? 0.3
                     : table && d->n <= MANY ? 0.2
                                             : 0;
}

int open_setup(setup *t, const train_flags *flags)
{
    t->flags = flags;
    t->s = flags->s;
    if (open_all(t))
        return -1;
    set_defaults(t);
    return 0;
}

static int augment(const settings *s, gradus_node *x)
{
    gradus_augment_options change = { .flip = s->flip };

    if (s->augment)
        change = (gradus_augment_options){ .shift = 1.5, .rotate = 10,
            .scale = 0.1, .elastic = 20, .sigma = 4, .flip = s->flip };
    return s->augment || s->flip ? gradus_augment(x, &change) : 0;
}

/* Lets the net begin with the weights of another model, whose nodes must be
 * the same. */
static int begin_with(const setup *t, gradus_graph *g)
{
    return t->flags->from ? gradus_load_parameters(g, t->flags->from) : 0;
}

gradus_graph *build_net(const setup *t)
{
    const settings *s = &t->s;
    const gradus_dataset *d = &t->train;
    gradus_graph *g = gradus_graph_new(s->seed);
    gradus_node *x = d->height
                         ? gradus_image(g, d->channels, d->height, d->width)
                         : gradus_input(g, d->size);
    gradus_node *target = d->labels ? gradus_labels(g, 1)
                                    : gradus_input(g, d->target_size);

    if (d->height)
        augment(s, x);
    if (t->data.table)
        gradus_set_table(x, d->labels ? NULL : target, t->data.table);
    gradus_node *y = net_logits(s, x, d->labels ? d->classes : d->target_size);
    if (d->labels)
        gradus_softmax_ce(y, target, NULL);
    else
        gradus_mse(y, target, NULL);
    if (!gradus_compile(g, s->batch, s->threads) && !begin_with(t, g))
        return g;
    gradus_graph_free(g);
    return NULL;
}

void close_setup(setup *t)
{
    gradus_dataset_free(t->groups);
    gradus_dataset_free(&t->train);
    gradus_dataset_free(&t->valid);
    close_source(&t->data);
    close_source(&t->valid_data);
    close_source(&t->test_data);
}
