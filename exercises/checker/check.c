/* check.c -- makes the arrays of a check, and puts them onto its sheet. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

/* ---- arrays ---------------------------------------------------------- */

double *zeros(size_t n)
{
    double *v = calloc(n ? n : 1, sizeof *v);

    if (!v)
        give_up("out of memory");
    return v;
}

double *copy_of(const double *v, size_t n)
{
    return memcpy(zeros(n), v, n * sizeof *v);
}

double *numbers(size_t n, uint64_t seed)
{
    gradus_random random;
    double *v = zeros(n);

    gradus_random_init(&random, seed, 0, 0);
    for (size_t i = 0; i < n; i++) {
        v[i] = ((double)gradus_random_below(&random, 32) - 16) / 8;
        v[i] = v[i] >= 0 ? v[i] + 0.125 : v[i];
    }
    return v;
}

/* ---- nodes ----------------------------------------------------------- */

void *must(void *n)
{
    if (!n)
        give_up(gradus_error());
    return n;
}

gradus_part part_of(const gradus_node *n, int row, int rows)
{
    static gradus_batch batch = { .training = true, .seed = 1 };

    batch.rows = row + rows;
    return (gradus_part){ .row = row, .rows = rows, .units = n->units,
                          .scratch = zeros(n->scratch), .batch = &batch };
}

/* ---- the sheet ------------------------------------------------------- */

array *record(sheet *s, const char *name, int rank, const int *shape,
              const double *before, const double *got, bool adds)
{
    if (s->arrays == MAX_ARRAYS || s->mistakes > MAX_MISTAKES)
        give_up("the sheet is full");
    array *a = &s->array[s->arrays++];
    *a = (array){ .name = name, .when = the_case(), .rank = rank, .n = 1,
                  .adds = adds };
    for (int i = 0; i < rank; i++) {
        a->shape[i] = shape[i];
        a->n *= (size_t)shape[i];
    }
    a->before = copy_of(before, a->n);
    a->got = copy_of(got, a->n);
    for (int k = 0; k < s->mistakes; k++)
        a->answer[k] = copy_of(before, a->n);
    return a;
}
