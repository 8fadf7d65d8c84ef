/* openblas.c -- what OpenBLAS needs where memory is limited (ulimit -v). */
#define _DEFAULT_SOURCE /* for on_exit and MAP_ANONYMOUS */
#include "openblas.h"

#include "common.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static int is_limited(void)
{
    struct rlimit limit;
    return !getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur != RLIM_INFINITY;
}

#ifdef __GLIBC__
static void end(int status, void *unused)
{
    (void)unused;
    fflush(NULL);
    _exit(status);
}
#endif

void openblas_may_hang(void)
{
#ifdef __GLIBC__ /* other C libraries have no on_exit */
    if (is_limited())
        on_exit(end, NULL);
#endif
}

int openblas_has_room(int threads)
{
    static int known; /* later products use the same memory again */
    size_t bytes = (size_t)threads << 27;
    if (known || !is_limited())
        return 1;
    void *room = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
    if (room != MAP_FAILED) {
        munmap(room, bytes);
        return known = 1;
    }
    complain("the limit on the address space (ulimit -v) leaves no room for "
             "OpenBLAS, which takes up to 128 MiB for each of %d thread%s; "
             "raise the limit, or compute on fewer threads", threads,
             threads == 1 ? "" : "s");
    return 0;
}
