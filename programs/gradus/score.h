/* score.h -- how good a net's predictions of some data are. */
#ifndef SCORE_H
#define SCORE_H

#include "gradus.h"

#include <jansson.h>

/* Predictions and what they say.  The arrays are owned. */
typedef struct {
    size_t n;            /* rows */
    int size;            /* numbers of a prediction: K classes, or targets */
    int classes;         /* K, or 0 where numbers are predicted */
    gradus_real *y;      /* [n,size], probabilities or numbers */
    double loss;         /* NAN where what is right is not known */
    double accuracy;     /* of classes, 0..1 */
    size_t *confusion;   /* [K,K], rows true, columns predicted; or NULL */
    gradus_class_metrics *each; /* [K], or NULL */
    gradus_class_metrics macro;
    double auc;          /* of two classes, else NAN */
    gradus_regression_errors errors; /* in the units of the targets */
    int alike;           /* a target is one number in all rows: R2 says nothing
                            of it */
} score;

/* Predicts every row of d, and compares that with its labels or targets, if it
 * has them.  Returns 0, or -1 with a message on stderr that begins with `where`,
 * the path of the data.  score_free frees it in any case. */
int score_data(score *s, gradus_graph *g, const gradus_dataset *d,
               const char *where);
void score_free(score *s);

/* Which class is the most probable in row i. */
int score_class(const score *s, size_t i);

/* Prints a line such as "validation: accuracy 97.5 % of 80 rows, F1 0.97". */
void score_print(FILE *to, const char *name, const score *s);

/* The same as JSON, to be freed. */
json_t *score_json(const score *s, const gradus_graph *g);

#endif
