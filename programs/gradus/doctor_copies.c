/* doctor_copies.c -- rows with the same input: copies, and contradictions. */
#include "doctor_copies.h"
#include "doctor_rare.h"

#include <math.h>
#include <stdlib.h>

const disease duplicates = {
    "duplicates",
    "where copies of one row are on both sides of the split, validation rows "
    "are not new to the net, and its score is too good",
    "keep one of each, or all copies on one side (--group COLUMN, or "
    "--valid OTHER)",
    "docs/doctor.md" };

const disease contradictions = {
    "contradictions",
    "no net can be right on both, so the loss cannot fall to 0",
    "find out which answer is right, or which column tells them apart and is "
    "left out",
    "docs/doctor.md" };

/* Fractions of the rows, or of the variance of a target.  A tenth of copies
 * may move an accuracy by several percent; Fashion-MNIST and iris have less
 * than 1 %. */
static const double MANY_COPIES = 0.1, MANY_CONTRADICTIONS = 0.02;

/* ---- copies ---------------------------------------------------------- */

static int is_copy(const row *a, const row *b)
{
    return a->hash.input == b->hash.input && a->hash.answer == b->hash.answer;
}

/* Counts those of r [n] that are of valid and have a copy among the others, or
 * all copies but the first if valid is NULL. */
static size_t count_copies(const row *r, size_t n, const gradus_dataset *valid)
{
    size_t copies = 0;

    for (size_t from = 0, to; from < n; from = to) {
        size_t validate = 0;
        for (to = from; to < n && is_copy(r + from, r + to); to++)
            validate += r[to].d == valid;
        if (!valid)
            copies += to - from - 1;
        else if (validate < to - from)
            copies += validate;
    }
    return copies;
}

/* In a training, what matters is which validation rows are trained on, too. */
static void look_for_copies(patient *p)
{
    const gradus_dataset *valid = p->of.flags ? &p->of.valid : NULL;
    const gradus_dataset *both[2] = { valid ? &p->of.train : p->whole, valid };
    const char *rows = p->whole->pixels ? "images" : "rows";
    row *r = NULL;
    size_t all, n = find_rare(p, both, &r, &all);
    const size_t copies = count_copies(r, n, valid);

    all = valid ? valid->n : all;
    if ((double)copies > MANY_COPIES * (double)all)
        found(p, &duplicates, valid ? "%zu of %zu %s that validate have copies "
              "among those that are trained on"
              : "%zu of %zu %s are copies of others", copies, all, rows);
    free(r);
}

/* ---- contradictions -------------------------------------------------- */

/* Those of r [n] whose answer is not the most frequent one of their group: no
 * net can be right on them and on the others.  Sets pair to two rows that
 * contradict each other. */
static size_t count_wrong(const row *r, size_t n, const row *pair[2])
{
    size_t wrong = 0;

    for (size_t from = 0, to; from < n; from = to) {
        size_t run = 0, most = 0;
        to = group_end(r, n, from);
        for (size_t i = from; i < to; i++) {
            run = i > from && is_copy(r + i, r + i - 1) ? run + 1 : 1;
            most = run > most ? run : most;
        }
        if (most < to - from && !wrong) {
            pair[0] = r + from;
            pair[1] = r + to - 1;
        }
        wrong += to - from - most;
    }
    return wrong;
}

static double target_of(const row *r, size_t k)
{
    return r->d->targets[r->hash.row * (size_t)r->d->target_size + k];
}

/* The sum of the squared distances of target k of r [n] from their mean: the
 * error of a net that says the same of all of them, and the mean at best. */
static double squares(const row *r, size_t n, size_t k)
{
    double mean = 0, sum = 0;

    for (size_t i = 0; i < n; i++)
        mean += target_of(r + i, k) / (double)n;
    for (size_t i = 0; i < n; i++)
        sum += pow(target_of(r + i, k) - mean, 2);
    return sum;
}

/* The part of the variance of target k that is within the groups of r [n].
 * Sets pair to the two rows of a group that are farthest apart. */
static double share_within(const gradus_dataset *d, const row *r, size_t n,
                           size_t k, const row *pair[2])
{
    const double all = (double)d->n * variance(d, k);
    double within = 0, farthest = 0;

    for (size_t from = 0, to; from < n; from = to) {
        const row *least = r + from, *greatest = least;
        to = group_end(r, n, from);
        within += squares(r + from, to - from, k);
        for (size_t i = from; i < to; i++) {
            least = target_of(r + i, k) < target_of(least, k) ? r + i : least;
            greatest = target_of(r + i, k) > target_of(greatest, k)
                ? r + i : greatest;
        }
        if (target_of(greatest, k) - target_of(least, k) > farthest) {
            farthest = target_of(greatest, k) - target_of(least, k);
            pair[0] = least;
            pair[1] = greatest;
        }
    }
    return all > 0 ? within / all : 0;
}

static void judge_labels(patient *p, const row *r, size_t n, size_t all)
{
    const char *rows = p->whole->pixels ? "images" : "rows";
    const row *pair[2] = { r, r };
    const size_t wrong = count_wrong(r, n, pair);

    if ((double)wrong > MANY_CONTRADICTIONS * (double)all)
        found(p, &contradictions, "%zu of %zu %s have the input of another "
              "but not its label, such as samples %zu and %zu (counted from "
              "0)", wrong, all, rows, pair[0]->hash.row, pair[1]->hash.row);
}

static void judge_targets(patient *p, const row *r, size_t n)
{
    const size_t targets = (size_t)p->whole->target_size;

    for (size_t k = 0; k < targets; k++) {
        const row *pair[2] = { r, r };
        const double share = share_within(p->whole, r, n, k, pair);
        if (share <= MANY_CONTRADICTIONS)
            continue;
        found(p, &contradictions, "rows of the same input differ by %.0f %% of "
              "the variance of target %zu, so that no net has an R2 above "
              "%.2f; samples %zu and %zu (counted from 0) have %g and %g",
              100 * share, k + 1, 1 - share, pair[0]->hash.row,
              pair[1]->hash.row, target_of(pair[0], k), target_of(pair[1], k));
        return;
    }
}

static void look_for_contradictions(patient *p)
{
    const gradus_dataset *both[2] = { p->whole };
    row *r = NULL;
    size_t all, n = find_rare(p, both, &r, &all);

    if (n && p->whole->labels)
        judge_labels(p, r, n, all);
    else if (n && p->whole->targets)
        judge_targets(p, r, n);
    free(r);
}

void look_at_copies(patient *p)
{
    look_for_copies(p);
    look_for_contradictions(p);
}
