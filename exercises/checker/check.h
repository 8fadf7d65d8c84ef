/* check.h -- what the checks of all exercises share.
 *
 * A check calls the learner's function in several cases.  Each array that the
 * function has written goes onto a sheet, and beside it what the array must
 * be, and what each of the usual mistakes would have made of it.  All of these
 * are computed in the check, by plain loops in double, without the library's
 * own code.  report() then compares what it got with all of them.
 *
 * Every array has a memory block of its own, of just its size, so that the
 * address sanitiser sees a number that is written past its end. */
#ifndef CHECK_H
#define CHECK_H

#include <gradus_layer.h>

enum { MAX_ARRAYS = 12, MAX_MISTAKES = 16 };

/* A usual mistake: the name of its diagnosis, and what a teacher would say. */
typedef struct {
    const char *name, *says;
} mistake;

/* One array of one case; arrays of several cases may have the same name. */
typedef struct {
    const char *name, *when; /* "dW", "7 rows, all units" */
    int rank, shape[4];
    size_t n;                /* numbers in each of the arrays below */
    double *before, *got;    /* what it held before the call, and after it */
    bool adds;               /* the function adds to what it held before */
    double *answer[MAX_MISTAKES]; /* [0] is right, [k] is mistake number k */
} array;

typedef struct {
    const mistake *mistake; /* [mistakes], of which number 0 stands for the
                               right answer */
    int mistakes;
    array array[MAX_ARRAYS];
    int arrays;
} sheet;

/* ---- arrays ---------------------------------------------------------- */

/* A new array of n numbers: multiples of 1/8 from -2 to 2, none of them 0,
 * the same for the same seed. */
double *numbers(size_t n, uint64_t seed);
double *zeros(size_t n);
double *copy_of(const double *v, size_t n);

/* ---- nodes ----------------------------------------------------------- */

/* n itself; if it is NULL, the check ends with the library's message. */
void *must(void *n);

/* Rows `row` to `row + rows - 1` of a training batch, and all units of n, with
 * scratch memory for n. */
gradus_part part_of(const gradus_node *n, int row, int rows);

/* ---- a check --------------------------------------------------------- */

/* Prints why nothing can be checked, and ends the program. */
_Noreturn void give_up(const char *why);

/* Says what is computed from here on: to be printed with the arrays of the
 * case, or if the function ends the program. */
void begin_case(const char *when);
const char *the_case(void);

/* Puts an array of the present case onto the sheet, with copies of `before`
 * and `got`.  Every answer begins as a copy of `before`. */
array *record(sheet *s, const char *name, int rank, const int *shape,
              const double *before, const double *got, bool adds);

/* Prints what is right, and what is wrong.  Returns the number of arrays, by
 * name, that are wrong. */
int report(const sheet *s);

/* ---- the exercises --------------------------------------------------- */

void check_dense_gradient(sheet *s);
void check_dense_backward(sheet *s);
void check_relu(sheet *s);
void check_softmax_ce(sheet *s);
void check_softmax(sheet *s);
void check_smoothing(sheet *s);
void check_momentum(sheet *s);
void check_adam(sheet *s);
void check_dropout(sheet *s);
void check_maxpool(sheet *s);
void check_conv(sheet *s);
void check_batchnorm(sheet *s);
void check_layernorm(sheet *s);
void check_embedding(sheet *s);
void check_clip(sheet *s);
void check_shares(sheet *s);

#endif
