/* main.c -- torch-layers: computes every layer, loss and optimiser with known
 * numbers, for compare.py to compute again with PyTorch.
 *
 *   torch-layers DIR
 */
#include "write.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: torch-layers DIR\n");
        return 2;
    }
    write_open(argv[1]);
    write_layers();
    write_losses();
    write_optimisers();
    write_close();
    return 0;
}
