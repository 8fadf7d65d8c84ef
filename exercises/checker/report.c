/* report.c -- compares a sheet with the right answers, and with those of the
 * usual mistakes, and prints what it finds. */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* How far from the right number a number may be, as a part of the largest one
 * of the array.  Sums in another order differ by some 1e-15 of it. */
static const double tolerance = 1e-9;

/* All arrays of one name, or only one of them, unless `only` is NULL. */
typedef struct {
    const sheet *sheet;
    const char *name;
    const array *only;
} group;

/* ---- comparing ------------------------------------------------------- */

static double allowed(const array *a)
{
    double most = 0;

    for (size_t i = 0; i < a->n; i++)
        if (isfinite(a->answer[0][i]))
            most = fmax(most, fabs(a->answer[0][i]));
    return tolerance * (most > 0 ? most : 1);
}

/* Two NaNs are the same, and so are two infinities of one sign. */
static bool same(double a, double b, double allowed)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= allowed;
}

/* The next array of the group behind a, or its first if a is NULL; NULL after
 * the last. */
static const array *next(group g, const array *a)
{
    const array *end = g.sheet->array + g.sheet->arrays;

    if (g.only)
        return a ? NULL : g.only;
    for (a = a ? a + 1 : g.sheet->array; a < end; a++)
        if (strcmp(a->name, g.name) == 0)
            return a;
    return NULL;
}

/* Is every number of every array of the group what answer k says?  A NaN looks
 * the same whatever has made it, so a mistake, with a k above 0, has to
 * explain a wrong number besides that is none. */
static bool all_are(group g, int k)
{
    bool explains = k == 0;

    for (const array *a = next(g, NULL); a; a = next(g, a)) {
        const double most = allowed(a);
        for (size_t i = 0; i < a->n; i++) {
            if (!same(a->got[i], a->answer[k][i], most))
                return false;
            explains |= !isnan(a->got[i]) &&
                        !same(a->got[i], a->answer[0][i], most);
        }
    }
    return explains;
}

/* Is nothing written, or nothing but zeros? */
static bool nothing_is_written(group g)
{
    bool held = true, zero = true;

    for (const array *a = next(g, NULL); a; a = next(g, a))
        for (size_t i = 0; i < a->n; i++) {
            held &= same(a->got[i], a->before[i], 0);
            zero &= a->got[i] == 0;
        }
    return held || zero;
}

/* How far number i of a has been moved, from the zeros or, if a is added to,
 * from what a held before, to v. */
static double moved(const array *a, size_t i, double v)
{
    return a->adds ? v - a->before[i] : v;
}

/* Sets *factor to the number c by which all numbers of the group are off: what
 * is computed is c times that of answer k.  Numbers that answer k leaves as
 * they were must be so.  Returns false if there is no such c. */
static bool has_factor(group g, int k, double *factor)
{
    double up = 0, down = 0;

    for (const array *a = next(g, NULL); a; a = next(g, a))
        for (size_t i = 0; i < a->n; i++) {
            double v = moved(a, i, a->answer[k][i]);
            if (a->answer[k][i] == a->before[i] || !isfinite(v) ||
                fabs(v) <= fabs(down))
                continue;
            down = v;
            up = moved(a, i, a->got[i]);
        }
    *factor = up / down;
    if (!isfinite(*factor) || *factor == 0)
        return false;
    for (const array *a = next(g, NULL); a; a = next(g, a)) {
        const double most = (1 + fabs(*factor)) * allowed(a);
        for (size_t i = 0; i < a->n; i++) {
            const double v = a->answer[k][i];
            double off = a->got[i] - v;
            if (v != a->before[i])
                off = moved(a, i, a->got[i]) - *factor * moved(a, i, v);
            if (!(fabs(off) <= most))
                return false;
        }
    }
    return true;
}

/* ---- saying ---------------------------------------------------------- */

/* Prints "dW[1,2]". */
static void print_place(const array *a, size_t i)
{
    size_t index[4] = { 0 };

    for (int axis = a->rank - 1; axis >= 0; axis--) {
        index[axis] = i % (size_t)a->shape[axis];
        i /= (size_t)a->shape[axis];
    }
    printf("%s[", a->name);
    for (int axis = 0; axis < a->rank; axis++)
        printf("%s%zu", axis ? "," : "", index[axis]);
    printf("]");
}

static void print_number(double v)
{
    if (isnan(v))
        printf("NaN");
    else
        printf("%.6g", v);
}

/* Prints number i of a as dW[1,2] (of which case): got X, must be Y. */
static void print_number_of(const array *a, size_t i)
{
    const double off = a->got[i] - a->answer[0][i];

    print_place(a, i);
    printf(" (%s): got ", a->when);
    print_number(a->got[i]);
    printf(", must be ");
    print_number(a->answer[0][i]);
    if (fabs(off) < 1e-5 * fabs(a->answer[0][i]))
        printf(", which differ by %.3g", off);
    printf("\n");
}

/* Prints the first number of the group that is wrong, and returns its
 * array. */
static const array *print_first(group g)
{
    for (const array *a = next(g, NULL); a; a = next(g, a)) {
        const double most = allowed(a);
        for (size_t i = 0; i < a->n; i++)
            if (!same(a->got[i], a->answer[0][i], most)) {
                print_number_of(a, i);
                return a;
            }
    }
    return NULL;
}

/* Prints "  name: " and the text, in lines of up to 79 columns. */
static void print_text(const char *name, const char *text)
{
    int column = printf("  %s:", name), blanks = 1;

    while (*text) {
        const int word = (int)strcspn(text, " ");
        if (column + blanks + word > 79) {
            column = printf("\n   ") - 1;
            blanks = 1;
        }
        column += printf("%*s%.*s", blanks, "", word, text);
        text += word;
        blanks = (int)strspn(text, " ");
        text += blanks;
    }
    printf("\n");
}

/* Prints, if nothing else is known, how many numbers are right. */
static void print_difference(group g)
{
    size_t right = 0, n = 0, held = 0, infinite = 0;
    char text[300];

    for (const array *a = next(g, NULL); a; a = next(g, a)) {
        const double most = allowed(a);
        for (size_t i = 0; i < a->n; i++, n++) {
            bool good = same(a->got[i], a->answer[0][i], most);
            right += good;
            held += !good && same(a->got[i], a->before[i], 0);
            infinite += !good && !isfinite(a->got[i]);
        }
    }
    snprintf(text, sizeof text, "%zu of %zu numbers are right%s", right, n,
             infinite ? ", and others are NaN or infinite: look for a "
                        "division by 0, an overflow, or memory that is read "
                        "before it is set."
             : held == n - right
                 ? ", and the others are still what they were before the "
                   "call: a loop ends too early, or begins too late, or a "
                   "case is left out."
                 : ".  It is none of the usual mistakes; compute this one by "
                   "hand, and print what your lines make of it.");
    print_text(infinite             ? "not-finite"
               : held == n - right ? "unfinished"
                                   : "differs", text);
}

/* Prints a mistake, with what is wrong unless that was printed last. */
static void print_mistake(const mistake *m)
{
    static const mistake *last;

    print_text(m->name, m == last ? "as above." : m->says);
    last = m;
}

/* Prints that all numbers are `factor` times the right ones; or, if m has a
 * name, times those of that mistake. */
static void print_factor(const mistake *m, double factor)
{
    const char *end = m->name      ? "; and besides:"
                      : factor > 1 ? ": something is counted more than "
                                     "once, or a division is missing."
                      : factor > 0 ? ": it is divided once too often, or a "
                                     "factor is missing."
                                   : ".";
    char text[200];

    if (fabs(factor + 1) < tolerance) {
        snprintf(text, sizeof text, "every number that is computed has the "
                 "wrong sign%s", end);
        print_text("sign", text);
    } else {
        snprintf(text, sizeof text, "every number that is computed is %.6g "
                 "times the right one%s", factor, end);
        print_text("factor", text);
    }
    if (m->name)
        print_mistake(m);
}

/* Prints what explains all numbers of the group, if anything does. */
static bool explain(group g)
{
    const mistake *m = g.sheet->mistake;
    double factor;

    if (nothing_is_written(g)) {
        print_text("not-computed", "nothing is written there yet: it holds "
                                   "what it held before the call, or zeros.");
        return true;
    }
    for (int k = 1; k < g.sheet->mistakes; k++)
        if (all_are(g, k)) {
            print_mistake(&m[k]);
            return true;
        }
    for (int k = 0; k < g.sheet->mistakes; k++)
        if (has_factor(g, k, &factor)) {
            print_factor(&m[k], factor);
            return true;
        }
    return false;
}

/* Prints the first number of a group that is wrong, and a diagnosis of all
 * cases, or of the first that is wrong. */
static void diagnose(group g)
{
    const array *first = print_first(g);

    if (explain(g))
        return;
    if (explain((group){ g.sheet, g.name, first }))
        printf("    That explains this case; in others, more is wrong.\n");
    else
        print_difference(g);
}

int report(const sheet *s)
{
    int wrong = 0;

    for (int i = 0; i < s->arrays; i++) {
        const group g = { s, s->array[i].name, NULL };
        if (next(g, NULL) != &s->array[i])
            continue; /* the name was there before */
        if (all_are(g, 0)) {
            printf("%s is right\n", g.name);
            continue;
        }
        diagnose(g);
        wrong++;
    }
    return wrong;
}
