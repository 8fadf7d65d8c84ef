/* training.c -- reads the options of a training, makes its optimiser and its
 * learning rates, and notes in a model how it was trained. */
#define _DEFAULT_SOURCE
#include "training.h"

#include "common.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const net_names[] = {"mlp", "lenet", "convnet", "residual",
                                        NULL};
static const char *const optim_names[] = {"sgd", "adam", "adamw", "rmsprop",
                                          NULL};
static const char *const schedule_names[] = {"linear", "constant", "step",
                                             "cosine", "one-cycle", NULL};

/* Reads the number of units of each hidden layer, such as "512,256". */
static void parse_hidden(settings *s, char *text)
{
    s->layers = 0;
    for (char *one; (one = strsep(&text, ","));) {
        if (s->layers == MAX_HIDDEN)
            usage_error("--hidden: got more than %d layers; must be 1 to %d",
                        MAX_HIDDEN, MAX_HIDDEN);
        if (!*one)
            usage_error("--hidden: a number of units is missing; must be "
                        "whole numbers with single commas between, such as "
                        "256,128");
        s->hidden[s->layers++] = whole_int("--hidden", one, 1, 65536);
    }
}

/* Reads how often a checkpoint is written: "100" batches or "300s". */
static void parse_every(settings *s, char *text)
{
    size_t n = strlen(text), digits = strspn(text, "0123456789");
    if (!digits || (digits < n && strcmp(text + digits, "s") != 0))
        usage_error("--every '%s': must be a number of batches, or of seconds,"
                    " as in 300s", text);
    s->every = 0;
    s->every_seconds = 0;
    if (n && text[n - 1] == 's') {
        text[n - 1] = '\0';
        s->every_seconds = whole_int("--every (in seconds)", text, 1, 10000000);
    } else {
        s->every = whole_int("--every", text, 1, 1000000000);
    }
}

/* Returns the index of value in a list that ends with NULL. */
static int one_of(const char *option, const char *value,
                  const char *const *names)
{
    char all[128] = "";
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], value) == 0)
            return i;
        strcat(strcat(all, i ? ", " : ""), names[i]);
    }
    usage_error("%s '%s': must be one of %s", option, value, all);
}

int take_option(settings *s, int letter, char *value)
{
    switch (letter) {
    case 'o': s->save = path("--save", value, "a file"); break;
    case 'k':
        s->checkpoint = path("--checkpoint", value, "a file");
        break;
    case 'y': parse_every(s, value); break;
    case 'K': s->keep = whole_int("--keep", value, 1, 1000); break;
    case 'R': s->resume = 1; break;
    case 'Y': s->replay = path("--replay", value, "a file"); break;
    case 'j': s->json = 1; break;
    case 'a': s->augment = 1; break;
    case 'f': s->flip = 1; break;
    case 'r': s->dropout = real_number("--dropout", value, 1); break;
    case 'n': s->net = (enum net)one_of("--net", value, net_names); break;
    case 'p':
        s->optim = (enum optim)one_of("--optim", value, optim_names);
        break;
    case 'c':
        s->schedule = (enum schedule)one_of("--schedule", value,
                                            schedule_names);
        break;
    case 'u': parse_hidden(s, value); break;
    case 'e': s->epochs = whole_int("--epochs", value, 1, 100000); break;
    case 'b': s->batch = whole_int("--batch", value, 1, 65536); break;
    case 't': s->threads = whole_int("--threads", value, 0, 256); break;
    case 's': s->seed = whole_number("--seed", value, 0, UINT64_MAX); break;
    case 'l': s->lr = real_number("--lr", value, 1000); break;
    case 'm': s->momentum = real_number("--momentum", value, 1); break;
    case 'w': s->weight_decay = real_number("--weight-decay", value, 1); break;
    default: return 0;
    }
    return 1;
}

void refuse_pairs(const settings *s)
{
    if (!s->checkpoint && (s->every || s->every_seconds || s->keep ||
                           s->resume))
        usage_error("--%s needs --checkpoint FILE, which is not given",
                    s->resume ? "resume" : s->keep ? "keep" : "every");
    if (s->layers && s->net != NET_MLP)
        usage_error("--hidden and --net %s do not go together: only the mlp "
                    "has hidden layers to choose; leave one of them out",
                    net_names[s->net]);
    if (s->momentum >= 0 && (s->optim == ADAM || s->optim == ADAMW))
        usage_error("--momentum and --optim %s do not go together: adam and "
                    "adamw have no momentum to set; leave one of them out, or "
                    "take --optim rmsprop", optim_names[s->optim]);
}

/* Refuses a path that is one of the checkpoints that are kept, FILE.1, ..  FILE
 * itself may be one for a moment: the newest gets its second name before the
 * next takes the first. */
static void refuse_kept(const settings *s, const named_path *other)
{
    char kept[4096];

    for (int i = 1; s->checkpoint && other->file &&
                    other->file != s->checkpoint && i < s->keep; i++) {
        const int n = snprintf(kept, sizeof kept, "%s.%d", s->checkpoint, i);
        if (n < (int)sizeof kept && is_one_file(kept, other->file))
            usage_error("%s '%s' is one of the checkpoints that --keep %d "
                        "keeps; must be another file", other->name,
                        other->file, s->keep);
    }
}

void refuse_overwriting(const settings *s, const char *report,
                        const named_path *read)
{
    const named_path written[] = {
        { "--save", s->save }, { "--report", report }, { "--log", s->log },
        { "--replay", s->replay }, { "--checkpoint", s->checkpoint },
        { NULL, NULL } };

    for (const named_path *w = written; w->name; w++) {
        for (const named_path *r = read; r->name; r++)
            refuse_one_file(w->name, w->file, r->name, r->file);
        for (const named_path *v = written; v < w; v++)
            refuse_one_file(v->name, v->file, w->name, w->file);
        refuse_kept(s, w);
    }
    for (const named_path *r = read; r->name; r++)
        refuse_kept(s, r);
}

const char *net_name(enum net net)
{
    return net_names[net];
}

const char *optim_name(enum optim optim)
{
    return optim_names[optim];
}

const char *schedule_name(enum schedule schedule)
{
    return schedule_names[schedule];
}

gradus_optimiser *optimiser_of(const settings *s, gradus_graph *g)
{
    const gradus_adam_options adam = {.learning_rate = s->lr,
                                      .weight_decay = s->weight_decay};
    switch (s->optim) {
    case ADAM: return gradus_adam(g, &adam);
    case ADAMW: return gradus_adamw(g, &adam);
    case RMSPROP:
        return gradus_rmsprop(g, &(gradus_rmsprop_options){
            .learning_rate = s->lr, .momentum = s->momentum,
            .weight_decay = s->weight_decay});
    default:
        return gradus_sgd(g, &(gradus_sgd_options){
            .learning_rate = s->lr, .momentum = s->momentum,
            .weight_decay = s->weight_decay});
    }
}

double learning_rate_of(uint64_t step, uint64_t steps, void *user)
{
    const settings *s = user;
    uint64_t quarter = steps / 4 + 1;
    switch (s->schedule) {
    case CONSTANT: return s->lr;
    case STEP:
        return gradus_lr_step(s->lr, step < quarter ? 0 : step - quarter,
                              quarter, 0.1);
    case COSINE: return gradus_lr_cosine(s->lr, step, steps, 0);
    case ONE_CYCLE: return gradus_lr_one_cycle(s->lr, step, steps, 0, 0, 0);
    default: return s->lr * (double)(steps - step) / (double)steps;
    }
}

void warn_of_few_steps(const settings *s, size_t rows)
{
    size_t batch = (size_t)s->batch;
    size_t steps = (rows + batch - 1) / batch * (size_t)s->epochs;
    if (s->schedule == ONE_CYCLE && steps < 3)
        complain("--schedule one-cycle needs at least 3 steps of training, "
                 "and has %zu here%s; take a smaller --batch, more --epochs, "
                 "or another --schedule", steps,
                 steps == 1 ? ", at almost no learning rate" : "");
}

/* Writes an argument as a shell reads it. */
static void write_argument(FILE *to, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "+,-./:=@_";

    if (*text && !text[strspn(text, plain)]) {
        fprintf(to, " %s", text);
        return;
    }
    fputs(" '", to);
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", to);
        else
            fputc(*text, to);
    fputc('\'', to);
}

char *command_line(int argc, char **argv)
{
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);

    if (!to)
        return NULL;
    fputs(program, to);
    for (int i = 0; i < argc; i++)
        write_argument(to, argv[i]);
    if (!fclose(to))
        return text;
    free(text);
    return NULL;
}

int note_training(gradus_graph *g, const settings *s, const char *command,
                  size_t rows)
{
    char rows_text[24], seed[24];

    snprintf(rows_text, sizeof rows_text, "%zu", rows);
    snprintf(seed, sizeof seed, "%" PRIu64, s->seed);
    return gradus_set_metadata(g, "command", printable(command)) ||
           gradus_set_metadata(g, "data", printable(s->data)) ||
           gradus_set_metadata(g, "rows", rows_text) ||
           gradus_set_metadata(g, "seed", seed) ||
           gradus_set_metadata(g, "gradus", gradus_version());
}
