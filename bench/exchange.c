/* exchange.c -- measures what bench/cluster_model.py needs to know of a
 * network: how long an exchange of a few bytes takes, and how many bytes a
 * second an exchange of many has, between all ranks at once.
 *
 *     mpirun -n 2 build/exchange_bench
 */
#include "gradus_mpi.h"

#include <stdlib.h>
#include <time.h>

enum { SMALL = 8, LARGE = 8 << 20 }; /* bytes */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Returns the seconds of an exchange in which each rank sends `bytes` bytes to
 * each other one: the least mean of five series.  data is [size,2,LARGE]. */
static double measure(gradus_communicator *c, char *data, size_t bytes,
                      int times)
{
    double least = 1e9;

    for (int series = 0; series < 5; series++) {
        double begun = now();
        for (int k = 0; k < times; k++) {
            for (int r = 0; r < c->size; r++)
                if (r != c->rank) {
                    c->receive(c, r, data + 2 * (size_t)r * LARGE, bytes);
                    c->send(c, r, data + (2 * (size_t)r + 1) * LARGE, bytes);
                }
            if (c->wait(c)) {
                fprintf(stderr, "exchange_bench: %s\n", c->why);
                exit(gradus_mpi_finish(1));
            }
        }
        double mean = (now() - begun) / times;
        least = mean < least ? mean : least;
    }
    return least;
}

int main(void)
{
    gradus_communicator *c = gradus_mpi_start(60);

    if (!c || c->size < 2) {
        fputs("exchange_bench: got one process; must be 2 or more, started by "
              "mpirun\n", stderr);
        return c ? gradus_mpi_finish(2) : 2;
    }
    char *data = calloc((size_t)c->size, 2 * LARGE);
    if (!data) {
        fputs("exchange_bench: out of memory\n", stderr);
        return gradus_mpi_finish(1);
    }
    double small = measure(c, data, SMALL, 2000);
    double large = measure(c, data, LARGE, 20);
    if (c->rank == 0)
        printf("%d ranks: %.1f us an exchange, %.2f GB/s sent by each rank\n",
               c->size, 1e6 * small, 1e-9 * (double)(c->size - 1) * LARGE /
                                         large);
    free(data);
    return gradus_mpi_finish(0);
}
