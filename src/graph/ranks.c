/* ranks.c -- what the ranks of a graph do together. */
#define _POSIX_C_SOURCE 200809L
#include "graph/ranks.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

gradus_communicator gradus_alone = { .size = 1 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Takes the messages out of the list that need not be sent, and returns how
 * many are left. */
static int keep_needed(const gradus_communicator *c, gradus_message *m, int n)
{
    int kept = 0;

    for (int i = 0; i < n; i++)
        if (m[i].bytes && m[i].rank != c->rank)
            m[kept++] = m[i];
    return kept;
}

int gradus_lose(const gradus_graph *g, const char *what)
{
    snprintf(g->ranks->why, sizeof g->ranks->why, "rank %d is out of memory "
             "for %s", g->ranks->rank, what);
    return gradus_no_memory("%s", what);
}

int gradus_exchange(const gradus_graph *g, gradus_message *out, int n_out,
                    gradus_message *in, int n_in)
{
    gradus_communicator *c = g->ranks;
    double begun = now();

    if (*c->why) /* it has failed before */
        return gradus_error_set("%s", c->why);
    n_out = keep_needed(c, out, n_out);
    n_in = keep_needed(c, in, n_in);
    for (int i = 0; i < n_out; i++)
        c->bytes_sent += out[i].bytes;
    int status = c->exchange(c, out, n_out, in, n_in);
    c->seconds += now() - begun;
    if (status && !*c->why)
        strcpy(c->why, "the exchange between ranks has failed");
    return status ? gradus_error_set("%s", c->why) : 0;
}

int gradus_gather(const gradus_graph *g, int to, const gradus_message *part,
                  int parts)
{
    gradus_communicator *c = g->ranks;
    int n_out = 0, n_in = 0;

    if (c->size == 1)
        return 0;
    gradus_message *out = malloc((size_t)parts * (size_t)(c->size + 1) *
                                 sizeof *out);
    if (!out)
        return gradus_lose(g, "messages");
    gradus_message *in = out + (size_t)parts * (size_t)c->size;
    for (int i = 0; i < parts; i++)
        if (part[i].rank != c->rank) {
            if (to < 0 || to == c->rank)
                in[n_in++] = part[i];
        } else
            for (int r = 0; r < c->size; r++)
                if (to < 0 || to == r)
                    out[n_out++] = (gradus_message){ r, part[i].data,
                                                     part[i].bytes };
    int status = gradus_exchange(g, out, n_out, in, n_in);
    free(out);
    return status;
}

/* Returns what each rank has as `own`: [size,bytes], to be freed; or NULL. */
static void *gather_all(const gradus_graph *g, const void *own, size_t bytes)
{
    gradus_communicator *c = g->ranks;
    const size_t size = (size_t)c->size;
    gradus_message *part = malloc(size * sizeof *part);
    char *all = malloc(size * bytes + 1);
    int status = -1;

    for (int r = 0; part && all && r < c->size; r++)
        part[r] = (gradus_message){ r, all + (size_t)r * bytes, bytes };
    if (part && all) {
        memcpy(all + (size_t)c->rank * bytes, own, bytes);
        status = gradus_gather(g, -1, part, c->size);
    } else {
        gradus_lose(g, "what the ranks send");
    }
    free(part);
    if (!status)
        return all;
    free(all);
    return NULL;
}

int gradus_sum_ranks(const gradus_graph *g, double *v, size_t n)
{
    gradus_communicator *c = g->ranks;
    if (c->size == 1)
        return 0;
    double *all = gather_all(g, v, n * sizeof *v);
    if (!all)
        return -1;
    for (size_t k = 0; k < n; k++) {
        v[k] = 0;
        for (int r = 0; r < c->size; r++)
            v[k] += all[(size_t)r * n + k];
    }
    free(all);
    return 0;
}

/* Lets all ranks know the message of the first that has failed.  Returns
 * -1. */
static int share_error(const gradus_graph *g, int status)
{
    char own[GRADUS_ERROR_ROOM] = "", (*all)[GRADUS_ERROR_ROOM];
    int first = -1;

    if (status)
        snprintf(own, sizeof own, "%s", gradus_error());
    all = gather_all(g, own, sizeof own);
    for (int r = g->ranks->size; all && r-- > 0;)
        if (*all[r])
            first = r;
    if (first >= 0 && first != g->ranks->rank)
        gradus_error_set("rank %d: %s", first, all[first]);
    free(all);
    return -1;
}

/* What a rank says of itself. */
typedef struct {
    char failed, text[255];
} saying;

/* Which rank's text is that of most ranks, the lowest of them? */
static int most_common(const saying *all, int n)
{
    int best = 0, most = 0;

    for (int i = 0; i < n; i++) {
        int equal = 0;
        for (int r = 0; r < n; r++)
            equal += !strcmp(all[r].text, all[i].text);
        if (equal > most)
            best = i;
        most = equal > most ? equal : most;
    }
    return best;
}

int gradus_compare_ranks(const gradus_graph *g, int status, const char *what,
                         const char *format, ...)
{
    saying own = { .failed = status != 0 }, *all;
    bool failed = false;
    va_list args;

    if (g->ranks->size == 1)
        return status ? -1 : 0;
    va_start(args, format);
    vsnprintf(own.text, sizeof own.text, format, args);
    va_end(args);
    all = gather_all(g, &own, sizeof own);
    if (!all)
        return -1;
    for (int r = 0; r < g->ranks->size; r++)
        failed |= all[r].failed;
    int most = most_common(all, g->ranks->size), odd = 0;
    while (odd < g->ranks->size && !strcmp(all[odd].text, all[most].text))
        odd++;
    if (failed)
        status = share_error(g, status);
    else if (odd < g->ranks->size)
        status = gradus_error_set("rank %d has another %s than rank %d: got "
                                  "%s; must be %s, as all ranks must compute "
                                  "the same", odd, what, most, all[odd].text,
                                  all[most].text);
    free(all);
    return status;
}

int gradus_agree(const gradus_graph *g, int status)
{
    return gradus_compare_ranks(g, status, "call", "%s", "agree");
}
