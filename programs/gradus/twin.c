/* twin.c -- gradus-double, the same program with numbers of double precision.
 */
#define _DEFAULT_SOURCE
#include "twin.h"

#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *own_name = ""; /* as this program was called */

void remember_name(const char *name)
{
    own_name = name ? name : "";
}

/* The path of the twin, which is beside this program.  A name with a slash says
 * where that is; else Linux does.  Where neither is known, the twin's name, to
 * be looked for in PATH. */
static const char *twin_path(char path[4096])
{
    char *own = strchr(own_name, '/') ? realpath(own_name, NULL) : NULL;
    ssize_t n = own ? snprintf(path, 4000, "%s", own)
                    : readlink("/proc/self/exe", path, 4000);

    free(own);
    if (n <= 0 || n >= 4000)
        return "gradus-double";
    strcpy(path + n, "-double");
    return path;
}

/* Returns only if it fails. */
static void run_twin(const char *path, int argc, char **argv)
{
    char **all = calloc((size_t)argc + 2, sizeof *all);

    if (!all)
        return;
    all[0] = (char *)path;
    memcpy(all + 1, argv, (size_t)argc * sizeof *all);
    execvp(path, all);
    free(all);
}

int run_in_double(int argc, char **argv)
{
    char room[4096];
    const char *path = twin_path(room);

    if (sizeof(gradus_real) == sizeof(double))
        return 0;
    run_twin(path, argc, argv);
    complain("%s: %s; gradus %s needs it, as it computes in double precision: "
             "make builds it, and make install puts it beside gradus", path,
             strerror(errno), argv[0]);
    return -1;
}
