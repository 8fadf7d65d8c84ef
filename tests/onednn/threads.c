/* threads.c -- a product by oneDNN computes on the calling thread alone, and
 * leaves OpenMP the number of threads that it had there.  `make onednn` runs
 * this; it prints what is wrong, and then ends with 1. */
#include "gradus_layer.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

int omp_get_max_threads(void);
void omp_set_num_threads(int n);

/* The threads of this process. */
static int threads(void)
{
    DIR *all = opendir("/proc/self/task");
    int count = 0;

    while (all && readdir(all))
        count++;
    if (all)
        closedir(all);
    return count - 2; /* . and .. */
}

int main(void)
{
    enum { N = 512 };
    gradus_real *a = calloc(3 * N * N, sizeof *a);

    if (!a)
        return 1;
    omp_set_num_threads(3);
    gradus_gemm(GRADUS_GEMM_N, GRADUS_GEMM_N, N, N, N, a, N, a + N * N, N, 0,
                a + 2 * N * N, N);
    free(a);
    if (omp_get_max_threads() != 3)
        printf("threads: OpenMP has %d threads after a product; must be 3\n",
               omp_get_max_threads());
    if (threads() != 1)
        printf("threads: a product has left %d threads; must be 1\n",
               threads());
    return omp_get_max_threads() != 3 || threads() != 1;
}
