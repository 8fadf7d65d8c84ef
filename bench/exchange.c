/* exchange.c -- measures what bench/cluster_model.py needs to know of a
 * network: how long an exchange of a few bytes takes, and how many bytes a
 * second an exchange of many has, between all ranks at once.
 *
 *     mpirun -n 2 build/exchange_bench
 */
#include "gradus_mpi.h"

#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Returns the seconds of an exchange in which each rank sends `bytes` bytes to
 * each other one: the least mean of five series. */
static double measure(gradus_communicator *c, gradus_message *out,
                      gradus_message *in, size_t bytes, int times)
{
    double least = 1e9;

    for (int i = 0; i < c->size - 1; i++)
        out[i].bytes = in[i].bytes = bytes;
    for (int series = 0; series < 5; series++) {
        double begun = now();
        for (int k = 0; k < times; k++)
            if (c->exchange(c, out, c->size - 1, in, c->size - 1)) {
                fprintf(stderr, "exchange_bench: %s\n", c->why);
                exit(gradus_mpi_finish(1));
            }
        double mean = (now() - begun) / times;
        least = mean < least ? mean : least;
    }
    return least;
}

int main(void)
{
    enum { SMALL = 8, LARGE = 8 << 20 };
    gradus_communicator *c = gradus_mpi_start(60);

    if (!c || c->size < 2) {
        fputs("exchange_bench: got one process; must be 2 or more, started by "
              "mpirun\n", stderr);
        return c ? gradus_mpi_finish(2) : 2;
    }
    const size_t others = (size_t)c->size - 1;
    gradus_message *out = calloc(2 * others, sizeof *out);
    char *data = calloc(2 * others, LARGE);
    if (!out || !data) {
        fputs("exchange_bench: out of memory\n", stderr);
        return gradus_mpi_finish(1);
    }
    gradus_message *in = out + others;
    for (int r = 0, i = 0; r < c->size; r++)
        if (r != c->rank) {
            out[i] = (gradus_message){ r, data + 2 * (size_t)i * LARGE, 0 };
            in[i] = (gradus_message){
                r, data + (2 * (size_t)i + 1) * LARGE, 0 };
            i++;
        }
    double small = measure(c, out, in, SMALL, 2000);
    double large = measure(c, out, in, LARGE, 20);
    if (c->rank == 0)
        printf("%d ranks: %.1f us an exchange, %.2f GB/s sent by each rank\n",
               c->size, 1e6 * small, 1e-9 * (double)others * LARGE / large);
    free(out);
    free(data);
    return gradus_mpi_finish(0);
}
