/* csv.c -- fuzzes gradus_load_csv.  The first byte of an input, a digit in
 * the corpus, chooses the options; the rest is the file. */
#include "fuzz.h"

static const char *const first_two[] = {"1", "2", NULL};
static const char *const named[] = {"price", NULL};
static const char *const last[] = {"-1", NULL};
static const char *const classes[] = {"cat", "dog", "7"};

static const gradus_csv_options sets[] = {
    {0},
    {.header = GRADUS_CSV_NO_HEADER},
    {.header = GRADUS_CSV_HEADER, .separator = ';'},
    {.label = "-1"},
    {.label = "1", .text_labels = true, .header = GRADUS_CSV_NO_HEADER},
    {.label = "kind", .class_names = classes, .classes = 3},
    {.targets = last, .ignore = first_two, .header = GRADUS_CSV_NO_HEADER},
    {.label = "kind", .targets = named},
    {.ignore = named, .separator = '\t'},
    {.label = "2", .header = GRADUS_CSV_NO_HEADER, .separator = '|'},
};

enum { SETS = sizeof sets / sizeof *sets };

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t n)
{
    if (n < 1)
        return 0;
    const gradus_csv_options *how = &sets[(byte[0] + 256 * SETS - '0') % SETS];
    fuzz_file f = fuzz_file_new(byte + 1, n - 1);
    gradus_dataset *d = gradus_load_csv(f.path, how);
    gradus_dataset train, valid;
    must(d || *gradus_error(), "a loader that fails says why");
    if (d)
        must_be_sound(d);
    if (d && !gradus_split(d, 0.5, 1, NULL, &train, &valid)) {
        must(train.n + valid.n == d->n, "a split loses no sample");
        gradus_dataset_free(&train);
        gradus_dataset_free(&valid);
    }
    gradus_split_options how_split = {.stratified = d && d->labels};
    if (d && !gradus_fold(d, 3, 1, 1, &how_split, &train, &valid)) {
        must(train.n + valid.n == d->n, "a fold loses no sample");
        gradus_dataset_free(&train);
        gradus_dataset_free(&valid);
    }
    gradus_dataset_free(d);
    fuzz_file_close(f);
    return 0;
}
