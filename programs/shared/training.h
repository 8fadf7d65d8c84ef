/* training.h -- what a command line may say of a training: the net, the
 * optimiser, the schedule, checkpoints. */
#ifndef TRAINING_H
#define TRAINING_H

#include "gradus.h"

#include <stdint.h>

enum { MAX_HIDDEN = 16 };

enum net { NET_MLP, NET_LENET, NET_CONVNET, NET_RESIDUAL };
enum optim { SGD, ADAM, ADAMW, RMSPROP };
enum schedule { LINEAR, CONSTANT, STEP, COSINE, ONE_CYCLE };

typedef struct {
    const char *data, *save, *log;    /* paths; NULL if not given */
    const char *checkpoint, *replay;
    int every;              /* batches between two checkpoints, or 0 */
    double every_seconds;   /* or seconds, or 0 */
    int keep, resume;       /* how many checkpoints; 0 or 1 */
    int hidden[MAX_HIDDEN]; /* [layers], the units of each hidden layer */
    int layers;             /* hidden layers of the mlp */
    enum net net;
    enum optim optim;
    enum schedule schedule;
    int augment, flip, json; /* 0 or 1 */
    int epochs, batch, threads;
    double lr, momentum, weight_decay, dropout; /* below 0 if not given */
    uint64_t seed;
} settings;

/* Their letters, for getopt_long: the options of a training, to be followed by
 * those of the program. */
#define TRAINING_OPTIONS \
    {"net", required_argument, NULL, 'n'}, \
    {"optim", required_argument, NULL, 'p'}, \
    {"schedule", required_argument, NULL, 'c'}, \
    {"augment", no_argument, NULL, 'a'}, \
    {"flip", no_argument, NULL, 'f'}, \
    {"dropout", required_argument, NULL, 'r'}, \
    {"hidden", required_argument, NULL, 'u'}, \
    {"epochs", required_argument, NULL, 'e'}, \
    {"batch", required_argument, NULL, 'b'}, \
    {"lr", required_argument, NULL, 'l'}, \
    {"momentum", required_argument, NULL, 'm'}, \
    {"weight-decay", required_argument, NULL, 'w'}, \
    {"threads", required_argument, NULL, 't'}, \
    {"seed", required_argument, NULL, 's'}, \
    {"save", required_argument, NULL, 'o'}, \
    {"checkpoint", required_argument, NULL, 'k'}, \
    {"every", required_argument, NULL, 'y'}, \
    {"keep", required_argument, NULL, 'K'}, \
    {"resume", no_argument, NULL, 'R'}, \
    {"replay", required_argument, NULL, 'Y'}, \
    {"json", no_argument, NULL, 'j'}

/* Takes an option of a training, by its letter, and its value.  Returns 0 if
 * the letter is that of no such option.  A value that is not allowed is a
 * usage_error. */
int take_option(settings *s, int letter, char *value);

/* Refuses options of which one leaves another without any effect.  To be
 * called before any defaults are set. */
void refuse_pairs(const settings *s);

/* A path, and what a command line calls it. */
typedef struct {
    const char *name, *file; /* file: NULL if it is not given */
} named_path;

/* Refuses two of the files that a training writes that are one, and one that
 * is among those that it reads, too: `read`, which ends with a name of NULL.
 * `report` is written besides those of s; it may be NULL. */
void refuse_overwriting(const settings *s, const char *report,
                        const named_path *read);

/* The optimiser that s asks for, or NULL with a message in gradus_error. */
gradus_optimiser *optimiser_of(const settings *s, gradus_graph *g);

/* The learning rate of a step; user is a const settings *. */
double learning_rate_of(uint64_t step, uint64_t steps, void *user);

/* Warns if the one cycle has no time to rise and fall in training on so many
 * rows.  A single step is its last, at almost no learning rate. */
void warn_of_few_steps(const settings *s, size_t rows);

/* The command line of a program, as a shell reads it: the program's name and
 * some arguments, in quotes where they need them.  To be freed, and to be
 * called before options are parsed, which cuts some of them; NULL if memory
 * runs out. */
char *command_line(int argc, char **argv);

/* Notes in the graph, for its model file, how it is trained: by a command, on
 * so many rows.  Returns 0, or non-zero with a message in gradus_error. */
int note_training(gradus_graph *g, const settings *s, const char *command,
                  size_t rows);

/* The name of the net, the optimiser or the schedule, as options give it. */
const char *net_name(enum net net);
const char *optim_name(enum optim optim);
const char *schedule_name(enum schedule schedule);

#endif
