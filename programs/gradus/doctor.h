/* doctor.h -- what gradus doctor looks at, and what it finds. */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "setup.h"

/* Something that keeps nets from learning. */
typedef struct {
    const char *name;   /* such as "dead-units" */
    const char *why;    /* it hurts */
    const char *remedy; /* what to do */
    const char *page;   /* to read */
} disease;

typedef struct {
    const disease *what;
    char *text; /* what was seen, owned */
} finding;

/* What was seen of a node's value y and its gradient dy, over the rows that
 * the net was tried on; all 0 where another node computes y along with its
 * own. */
typedef struct {
    size_t rows, count;     /* count: numbers, of all rows */
    double least, greatest, mean, std, rms; /* rms: root mean square */
    double zeros, flat;     /* the fractions of y that are 0, and that are near
                               an end of the range of a sigmoid or a tanh */
    double gradient;        /* the root mean square of dy; 0 where there is
                               none */
    int units, dead;        /* channels, or numbers of a row; those that are 0
                               in all rows */
    char *fired;            /* [units], 1 for those that are not; NULL once
                               all has been seen */
    int no_gradient;        /* the weight's gradient was 0 each time */
    double update;          /* |change of the weight in a step| / |weight| */
} layer_seen;

/* Losses: NAN where they were not measured. */
typedef struct {
    double guess; /* of answers that do not look at the input */
    double first; /* before any step */
    double small; /* after small_steps steps on one small batch */
    double began, ended;     /* over the first steps that the options ask for,
                                and over the last of them */
    double other; /* of rows that are not trained on, after ANSWER_STEPS */
    int small_rows, small_steps, steps;
} losses;

/* The data and the net that are looked at; owned, but for the graph, the table
 * and the rows, which belong to the setup or to the model. */
typedef struct {
    setup of;                    /* where a training is looked at; */
    model m;                     /* where a model is, else empty */
    source given;                /* the data for the model */
    gradus_graph *graph;
    const gradus_table *table;   /* or NULL */
    const gradus_dataset *whole; /* all rows, in the order of the file */
    gradus_dataset train, valid; /* samples of them, see sample_rows */
    const int *ignored;          /* the label that the net ignores, or NULL */
    size_t unlabelled;           /* rows that have it */
    int batch;                   /* rows of a step */
    layer_seen *seen;            /* [nodes] */
    losses loss;
    double correlation;          /* of the predictions of rows that are not
                                    trained on with their answers, or NAN */
    finding *found;              /* [count] */
    int count, failed;           /* failed: out of memory */
} patient;

/* Notes that the disease was found, and what was seen of it. */
void found(patient *p, const disease *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Was this found before? */
int has(const patient *p, const disease *what);

/* Each looks for diseases of one kind; those of the net and of the steps need
 * samples, and leave the parameters as they were. */
void look_at_data(patient *p);
void look_at_net(patient *p);
void look_at_steps(patient *p);

/* A step that fails in any of them. */
extern const disease step_fails;

/* Steps of Adam, after which other rows are predicted. */
enum { ANSWER_STEPS = 60 };

/* ---- samples ------------------------------------------------------------ */

enum { TRAIN_ROWS = 2000, VALID_ROWS = 500, SMALL_ROWS = 8 }; /* at most */

/* Makes *to a copy of the n rows row[0..n-1] of d.  Returns 0, or -1 if memory
 * runs out; free_rows frees it in any case. */
int take_rows(const gradus_dataset *d, const size_t *row, size_t n,
              gradus_dataset *to);
void free_rows(gradus_dataset *d);

/* Makes *to a copy of at most `most` rows that are spread evenly over d. */
int sample_rows(const gradus_dataset *d, size_t most, gradus_dataset *to);

/* Makes *to a copy of rows of d that are far apart: at most `most`, and at most
 * SMALL_ROWS, or half as many where a row is one number.  No net soon learns
 * rows that have nearly the same input and different answers. */
int spread_rows(const gradus_dataset *d, int most, gradus_dataset *to);

/* Makes *train and *valid to samples of parts of d, which no row is in both
 * of.  Rows with the label *ignored are in neither, unless it is NULL. */
int divide_rows(const gradus_dataset *d, const int *ignored,
                gradus_dataset *train, gradus_dataset *valid);

/* The variance of target j in d. */
double variance(const gradus_dataset *d, size_t j);

/* Sets index[0..n-1] to 0 .. n-1 in another order. */
void shuffled(int *index, int n, uint64_t seed);

#endif
