/* fits.c -- what gradus_fit and gradus_evaluate can do: schedules, validation,
 * the best epoch, and data that a callback feeds. */
#include "same.h"

#include <inttypes.h>
#include <string.h>

enum { EPOCHS = 4, CLASSES = 6 };

/* How a case trains: see same_model. */
typedef struct {
    int (*fit)(const same_model *m, gradus_optimiser *o, int batch,
               char *text);
} way;

static void net(same_model *m, const void *with)
{
    gradus_node *h = same_input(m, 40);

    m->fit = ((const way *)with)->fit;
    h = gradus_batchnorm(gradus_dense(h, 70));
    h = gradus_dropout(gradus_relu(h), 0.2);
    gradus_softmax_ce(gradus_dense(h, CLASSES), same_labels(m, 1, CLASSES),
                      NULL);
}

static void pixels(same_model *m, const void *with)
{
    gradus_node *h = same_image(m, PIXELS, 1, 12, 12);

    m->fit = ((const way *)with)->fit;
    h = gradus_maxpool2d(gradus_relu(gradus_conv2d(h, 6, 3, NULL)), 2, NULL);
    gradus_softmax_ce(gradus_dense(h, CLASSES), same_labels(m, 1, CLASSES),
                      NULL);
}

/* A net with targets and row weights. */
static void regression(same_model *m, const void *with)
{
    gradus_node *h = gradus_tanh(gradus_dense(same_input(m, 40), 70));
    gradus_node *t = same_other(m, REALS, 8, 0);

    m->fit = ((const way *)with)->fit;
    gradus_mse(gradus_dense(h, 8), t, &(gradus_mse_options){
        .row_weight = same_weights(m) });
}

/* The model's data as a dataset: the n rows from row `from` on. */
static gradus_dataset dataset(const same_model *m, size_t from, size_t n)
{
    const same_fed *f = m->fed;
    const size_t at = from * (size_t)f->size;
    gradus_dataset d = { .n = n, .size = f->size };

    if (f->kind == PIXELS)
        d.pixels = (const uint8_t *)f->data + at;
    else
        d.x = (const gradus_real *)f->data + at;
    if (m->n == 2)
        d.labels = (const int32_t *)f[1].data + from;
    else {
        d.targets = (const gradus_real *)f[1].data +
                    from * (size_t)f[1].size;
        d.weights = (const gradus_real *)f[2].data + from;
    }
    return d;
}

static double cosine(uint64_t step, uint64_t steps, void *user)
{
    double lr = gradus_lr_cosine(*(double *)user, step, steps, 1e-4);

    return gradus_lr_warmup(lr, step, 3);
}

static void print_history(const gradus_epoch *e, char *text)
{
    for (int i = 0; i < EPOCHS; i++)
        text += sprintf(text, " epoch %zu %a %a %a %a", e[i].samples,
                        e[i].train_loss, e[i].train_accuracy,
                        e[i].valid_loss, e[i].valid_accuracy);
}

/* Trains on two thirds of the rows, with a schedule, and validates on the
 * others. */
static int validated(const same_model *m, gradus_optimiser *o, int batch,
                     char *text)
{
    size_t n = (size_t)same_rows(batch), some = n - n / 3;
    gradus_dataset d = dataset(m, 0, some), v = dataset(m, some, n - some);
    gradus_epoch history[EPOCHS];
    double lr = 0.2;
    int best, error = gradus_fit(o, &d, &(gradus_fit_options){
        .epochs = EPOCHS, .batch = batch / 2 + 1, .validation = &v,
        .learning_rate = cosine, .user = &lr, .history = history,
        .restore_best = 1, .best_epoch = &best });

    if (error)
        return -1;
    print_history(history, text);
    sprintf(text + strlen(text), " best %d", best);
    return 0;
}

/* Stops when the validation loss is not a new low. */
static int patient(const same_model *m, gradus_optimiser *o, int batch,
                   char *text)
{
    size_t n = (size_t)same_rows(batch);
    gradus_dataset d = dataset(m, 0, n), v = dataset(m, n / 2, n - n / 2);
    gradus_epoch history[EPOCHS];

    if (gradus_set_learning_rate(o, 0.3) ||
        gradus_fit(o, &d, &(gradus_fit_options){
            .epochs = EPOCHS, .batch = batch, .keep_order = 1,
            .validation = &v, .patience = 1, .min_delta = 0.01,
            .history = history }))
        return -1;
    print_history(history, text);
    return 0;
}

/* Feeds a batch of some rows, three times an epoch. */
static int next(const gradus_progress *p, void *user)
{
    const same_model *m = user;
    const gradus_real *x = m->fed[0].data;
    const int32_t *label = m->fed[1].data;
    const int n = 20 + p->batch;

    if (p->batch == 3)
        return 0;
    return gradus_feed(m->fed[0].node, x + p->batch * m->fed[0].size,
                       (size_t)n) ||
           gradus_feed_labels(m->fed[1].node, label + p->batch, (size_t)n)
               ? -1 : n;
}

/* Trains on the batches that next feeds, and then feeds all rows again. */
static int streamed(const same_model *m, gradus_optimiser *o, int batch,
                    char *text)
{
    const size_t n = (size_t)same_rows(batch);
    gradus_epoch history[EPOCHS];

    if (gradus_fit(o, NULL, &(gradus_fit_options){
            .epochs = EPOCHS, .next = next, .user = (void *)m,
            .history = history }))
        return -1;
    print_history(history, text);
    return gradus_feed(m->fed[0].node, m->fed[0].data, n) ||
           gradus_feed_labels(m->fed[1].node, m->fed[1].data, n);
}

/* Trains for an epoch, and notes the confusion matrix. */
static int confused(const same_model *m, gradus_optimiser *o, int batch,
                    char *text)
{
    size_t table[CLASSES * CLASSES];
    gradus_dataset d = dataset(m, 0, (size_t)same_rows(batch));
    gradus_evaluate_options asked = { .k = 3, .confusion = table };
    gradus_metrics e = { 0 };

    if (gradus_fit(o, &d, NULL) || gradus_evaluate(m->g, &d, &asked, &e))
        return -1;
    sprintf(text, " counted %zu confusion %016" PRIx64 " top 3 %a",
            e.counted, same_hash(SAME_FNV, table, sizeof table), e.top_k);
    return 0;
}

int same_fits(void)
{
    const way best = { validated }, soon = { patient }, made = { streamed },
              table = { confused };
    const same_case c[] = {
        { "fit validation", net, &best, NULL, { 64, 130 } },
        { "fit validation pixels", pixels, &best, NULL, { 64 } },
        { "fit validation targets", regression, &best, NULL, { 64, 300 } },
        { "fit patience", net, &soon, NULL, { 64, 130 } },
        { "fit next", net, &made, NULL, { 64 } },
        { "fit confusion", net, &table, NULL, { 64, 130 } },
        { "fit confusion pixels", pixels, &table, NULL, { 64 } },
    };

    return same_run(c, sizeof c / sizeof *c);
}
