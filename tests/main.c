/* main.c -- runs the tests: all of them, or those of one suite and its parts
 * (such as `fit` and `fit_log`), or a single one.
 *
 *     build/test [SUITE [TEST]]
 */
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>

enum { SUITES = 128, NAME = 32 };

static tests_entry *list;
static int count;

void tests_list(tests_entry *e)
{
    e->next = list;
    list = e;
    count++;
}

/* Orders tests by file, and within a file by line.  The order in which they
 * were listed depends on the linker and the compiler. */
static int compare(const void *p, const void *q)
{
    const tests_entry *a = *(tests_entry *const *)p;
    const tests_entry *b = *(tests_entry *const *)q;
    int files = strcmp(a->file, b->file);

    return files ? files : a->line - b->line;
}

/* Returns "dense" for "tests/test_dense.c".  Check keeps the pointer, so the
 * name is never freed. */
static const char *suite_name(const char *file)
{
    static char names[SUITES][NAME];
    static int used;
    const char *at = strrchr(file, '/');

    if (used == SUITES)
        abort();
    char *name = names[used++];
    snprintf(name, NAME, "%s", (at ? at + 1 : file) + strlen("test_"));
    name[strcspn(name, ".")] = '\0';
    return name;
}

/* Is this the suite that was asked for, or a part of it? */
static int is_wanted(const char *name, const char *wanted)
{
    size_t n = wanted ? strlen(wanted) : 0;

    return !n || (strncmp(name, wanted, n) == 0 &&
                  (name[n] == '\0' || name[n] == '_'));
}

static TCase *new_case(Suite *s, const char *name, struct tests_common common)
{
    TCase *c = tcase_create(name);

    tcase_add_checked_fixture(c, common.begin, common.end);
    if (common.timeout > 0)
        tcase_set_timeout(c, common.timeout);
    suite_add_tcase(s, c);
    return c;
}

/* Makes the suite of one file from its n entries e, with all its tests, or
 * with only the one that was asked for. */
static Suite *new_suite(const char *name, tests_entry *const *e, int n,
                        const char *wanted)
{
    Suite *s = suite_create(name);
    TCase *c = NULL;

    for (int i = 0; i < n; i++) {
        if (!e[i]->test || !c)
            c = new_case(s, name, e[i]->common);
        if (e[i]->test && (!wanted || !strcmp(wanted, e[i]->test->name)))
            tcase_add_loop_test(c, e[i]->test, 0, e[i]->times);
    }
    return s;
}

static void add_suites(SRunner *runner, tests_entry *const *e,
                       const char *suite, const char *test)
{
    for (int i = 0, n; i < count; i += n) {
        const char *name = suite_name(e[i]->file);
        for (n = 1; i + n < count; n++)
            if (strcmp(e[i]->file, e[i + n]->file) != 0)
                break;
        if (is_wanted(name, suite))
            srunner_add_suite(runner, new_suite(name, e + i, n, test));
    }
}

int main(int argc, char **argv)
{
    tests_entry **entry = calloc((size_t)count + 1, sizeof(tests_entry *));
    SRunner *runner = srunner_create(NULL);

    if (!entry)
        return EXIT_FAILURE;
    for (int i = 0; i < count; i++, list = list->next)
        entry[i] = list;
    qsort(entry, (size_t)count, sizeof *entry, compare);
    add_suites(runner, entry, argc > 1 ? argv[1] : NULL,
               argc > 2 ? argv[2] : NULL);
    srunner_run_all(runner, CK_ENV);
    int run = srunner_ntests_run(runner);
    if (!run)
        fprintf(stderr, "no suite has this name, or no test in it\n");
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    free(entry);
    /* If no test has run, there is no such suite or no such test. */
    return run && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
