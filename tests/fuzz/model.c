/* model.c -- fuzzes gradus_load, gradus_load_parameters and
 * gradus_load_matching.  An input is a model file.  As hardly a changed file has the right checksum, this replaces
 * it, if nothing but the checksum is wrong, and tries again. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Writes the checksum that fits the bytes [n] into them. */
static void seal(uint8_t *byte, size_t n)
{
    static const char key[] = "gradus.checksum\":\"";
    const size_t length = sizeof key - 1;
    for (size_t i = 0; i + length + 8 < n; i++)
        if (!memcmp(byte + i, key, length)) {
            char digits[16];
            memset(byte + i + length, '0', 8);
            snprintf(digits, sizeof digits, "%08lx",
                     crc32(0, byte, (unsigned)n));
            memcpy(byte + i + length, digits, 8);
            return;
        }
}

/* Uses a graph that was loaded: it infers a row, is saved, and is read again
 * as the same graph. */
static void use(gradus_graph *g)
{
    const gradus_node *in = gradus_node_at(g, 0);
    gradus_workspace *w = gradus_workspace_new(g, 1);
    size_t size = (size_t)gradus_node_size(in);
    gradus_real *x = calloc(size, sizeof *x);
    if (w && x && size < 1 << 16)
        gradus_infer(w, x, 1);
    free(x);
    gradus_workspace_free(w);
    gradus_table_free(gradus_get_table(g));

    char path[64];
    snprintf(path, sizeof path, "/dev/shm/gradus-fuzz-model-%d",
             (int)getpid());
    /* Files of earlier versions may have fewer names than classes. */
    if (gradus_save(g, path) && strstr(gradus_error(), "class names"))
        gradus_set_class_names(g, 0, NULL);
    must(!gradus_save(g, path), "a graph that was loaded can be saved");
    gradus_graph *again = gradus_load(path, 1, 1, NULL);
    remove(path);
    must(again != NULL, "what was saved can be loaded");
    must(gradus_parameters_hash(again) == gradus_parameters_hash(g),
         "what was saved is what is loaded");
    gradus_graph_free(again);
}

/* Loads the bytes in all three ways.  Is nothing but the checksum wrong? */
static bool load(gradus_graph *known, const uint8_t *byte, size_t n)
{
    fuzz_file f = fuzz_file_new(byte, n);
    static FILE *report;
    gradus_graph *g = gradus_load(f.path, 1, 1, NULL);
    bool sum = !g && strstr(gradus_error(), "its checksum is");
    must(g || *gradus_error(), "a loader that fails says why");
    if (g)
        use(g);
    gradus_graph_free(g);
    uint64_t before = gradus_parameters_hash(known);
    if (gradus_load_parameters(known, f.path))
        must(gradus_parameters_hash(known) == before,
             "a load that fails changes nothing");
    before = gradus_parameters_hash(known);
    report = report ? report : fopen("/dev/null", "w");
    if (gradus_load_matching(known, f.path, report) < 0)
        must(gradus_parameters_hash(known) == before,
             "a load of what matches that fails changes nothing");
    fuzz_file_close(f);
    return sum;
}

/* input 2 -> dense1 2, as the seeds of other programs' files name it. */
static gradus_graph *tiny_net(void)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2), *t = gradus_labels(g, 1);
    gradus_softmax_ce(gradus_dense(x, 2), t, NULL);
    must(!gradus_compile(g, 1, 1), "the tiny net is right");
    return g;
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t n)
{
    gradus_graph *known = tiny_net();
    uint8_t *copy = malloc(n + 1);
    must(copy != NULL, "there is memory for a copy");
    memcpy(copy, byte, n);
    if (load(known, copy, n)) {
        seal(copy, n);
        load(known, copy, n);
    }
    free(copy);
    gradus_graph_free(known);
    return 0;
}
