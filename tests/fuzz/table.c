/* table.c -- fuzzes gradus_table_new and what follows it.  The first byte of an
 * input, a digit in the corpus, chooses the options; the rest is the file. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

static const char *const first[] = {"1", NULL};
static const char *const last_two[] = {"-1", "-2", NULL};

static const gradus_table_options sets[] = {
    {0},
    {.missing = GRADUS_MISSING_MEAN, .indicators = true},
    {.missing = GRADUS_MISSING_MOST_FREQUENT, .header = GRADUS_CSV_HEADER},
    {.label = "-1", .missing = GRADUS_MISSING_MEAN},
    {.label = "1", .header = GRADUS_CSV_NO_HEADER},
    {.targets = last_two, .ignore = first, .missing = GRADUS_MISSING_MEAN},
    {.label = "kind", .targets = first, .separator = ';'},
    {.ignore = last_two, .header = GRADUS_CSV_NO_HEADER, .indicators = true},
};

enum { SETS = sizeof sets / sizeof *sets };

/* Asserts that the values of d are finite, or NaN where something is
 * missing. */
static void must_be_of_a_table(const gradus_dataset *d)
{
    gradus_dataset rest = *d;
    for (size_t i = 0; i < d->n * (size_t)d->size; i++)
        must(!isinf(d->x[i]), "x is finite or missing");
    rest.x = NULL;
    must_be_sound(&rest);
}

/* Asserts that a table that was saved reads the file as before. */
static void compare(const gradus_table *t, const gradus_dataset *d,
                    const char *path)
{
    gradus_dataset *again = gradus_table_load(t, path, 0);
    must(again && again->n == d->n && again->size == d->size &&
             again->classes == d->classes &&
             again->positions == d->positions &&
             again->target_size == d->target_size,
         "a table that was saved reads what it read");
    must(!memcmp(again->x, d->x, d->n * (size_t)d->size * sizeof *d->x),
         "the values are the same");
    gradus_dataset_free(again);
}

/* Sets a graph's inputs by the table, and reads it back from there. */
static void save(const gradus_table *t, const gradus_dataset *d,
                 const char *path)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, d->size);
    gradus_node *to = d->targets ? gradus_input(g, d->target_size) : NULL;
    must(!gradus_set_table(x, to, t), "a table that is fitted can be set");
    gradus_table *back = gradus_get_table(g);
    must(back != NULL, "a table that was set can be read back");
    for (int k = 0; k < gradus_table_columns(t); k++) {
        int n = 0, here = gradus_column_span(t, k, &n);
        must(here == gradus_column_span(back, k, NULL), "spans are the same");
        must(n == 0 || (here >= 0 && n <= d->size + d->target_size),
             "a span is part of a row");
    }
    compare(back, d, path);
    gradus_table_free(back);
    gradus_graph_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t n)
{
    if (n < 1)
        return 0;
    const gradus_table_options *how =
        &sets[(byte[0] + 256 * SETS - '0') % SETS];
    fuzz_file f = fuzz_file_new(byte + 1, n - 1);
    gradus_table *t = gradus_table_new(f.path, how);
    must(t || *gradus_error(), "a table that is refused has a message");
    gradus_dataset *d = t ? gradus_table_load(t, f.path, 0) : NULL;
    must(!t || d || strstr(gradus_error(), "in the range of a float"),
         "a table reads the file that it was made from");
    if (d)
        must_be_of_a_table(d);
    if (d && !gradus_table_fit(t, d))
        save(t, d, f.path);
    gradus_dataset_free(d);
    gradus_table_free(t);
    fuzz_file_close(f);
    return 0;
}
