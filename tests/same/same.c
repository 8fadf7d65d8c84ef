/* same.c -- prints the bits of what the library computes: a line for each of
 * many small trainings.  same.sh compares the lines of two commits.
 *
 *   same [GROUP ..]     layers, losses, optimisers, fits, data, nets or
 *                       convolutions; without a GROUP all of these
 *
 * The bits differ from processor to processor, so they are kept nowhere. */
#include "same.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(void);
} groups[] = {
    { "layers", same_layers }, { "losses", same_losses },
    { "optimisers", same_optimisers }, { "fits", same_fits },
    { "data", same_data }, { "nets", same_nets },
    { "convolutions", same_convolutions },
};

static int run_group(const char *name)
{
    int differ = 0, known = 0;

    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (!name || strcmp(groups[i].name, name) == 0) {
            known = 1;
            differ += groups[i].run();
        }
    if (!known)
        fprintf(stderr, "same: there is no group %s\n", name);
    return known ? differ : 1;
}

int main(int argc, char **argv)
{
    int differ = argc > 1 ? 0 : run_group(NULL);

    for (int i = 1; i < argc; i++)
        differ += run_group(argv[i]);
    if (fclose(stdout))
        return EXIT_FAILURE;
    return differ ? EXIT_FAILURE : EXIT_SUCCESS;
}
