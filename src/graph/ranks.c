/* ranks.c -- what the ranks of a graph do together. */
#include "graph/ranks.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

gradus_communicator gradus_alone = { .size = 1 };

void gradus_give(const gradus_graph *g, int from, int to, void *data,
                 size_t bytes)
{
    gradus_communicator *c = g->ranks;

    if (bytes == 0 || *c->why)
        return;
    if (from != c->rank) {
        if (to < 0 || to == c->rank)
            c->receive(c, from, data, bytes);
        return;
    }
    for (int r = to < 0 ? 0 : to; r < (to < 0 ? c->size : to + 1); r++)
        if (r != from && !*c->why) {
            c->send(c, r, data, bytes);
            c->bytes_sent += bytes;
        }
}

int gradus_wait(const gradus_graph *g)
{
    gradus_communicator *c = g->ranks;

    if (c->size == 1)
        return 0;
    double begun = gradus_now();
    if (!*c->why && c->wait(c) && !*c->why)
        strcpy(c->why, "the exchange between ranks has failed");
    c->seconds += gradus_now() - begun;
    return *c->why ? gradus_error_set("%s", c->why) : 0;
}

int gradus_lose(const gradus_graph *g, const char *what)
{
    snprintf(g->ranks->why, sizeof g->ranks->why, "rank %d is out of memory "
             "for %s", g->ranks->rank, what);
    return gradus_no_memory("%s", what);
}

/* Returns what each rank has as `own`: [size,bytes], to be freed; or NULL. */
static void *gather_all(const gradus_graph *g, const void *own, size_t bytes)
{
    const gradus_communicator *c = g->ranks;
    char *all = calloc((size_t)c->size, bytes);

    if (!all)
        return gradus_lose(g, "what the ranks send"), NULL;
    memcpy(all + (size_t)c->rank * bytes, own, bytes);
    for (int r = 0; r < c->size; r++)
        gradus_give(g, r, -1, all + (size_t)r * bytes, bytes);
    if (!gradus_wait(g))
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

/* What a rank says of itself; if it has failed, its message. */
typedef struct {
    char failed, text[GRADUS_ERROR_ROOM];
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

/* Returns 0 if none of n ranks has failed and all say the same; else -1, with
 * a message, which rank `own` has already if it is the first that failed. */
static int compare(const saying *all, int n, int own, const char *what)
{
    int odd = 0, failed = 0;

    while (failed < n && !all[failed].failed)
        failed++;
    if (failed < n)
        return failed == own ? -1 : gradus_error_set("rank %d: %s", failed,
                                                     all[failed].text);
    while (odd < n && !strcmp(all[odd].text, all->text))
        odd++;
    if (odd == n)
        return 0;
    const int most = most_common(all, n);
    for (odd = 0; !strcmp(all[odd].text, all[most].text); odd++)
        ;
    return gradus_error_set("rank %d has another %s than rank %d: got %s; "
                            "must be %s, as all ranks must compute the same",
                            odd, what, most, all[odd].text, all[most].text);
}

int gradus_compare_ranks(const gradus_graph *g, int status, const char *what,
                         const char *format, ...)
{
    saying own = { .failed = status != 0 }, *all;
    va_list args;

    if (g->ranks->size == 1)
        return status ? -1 : 0;
    va_start(args, format);
    if (status)
        snprintf(own.text, sizeof own.text, "%s", gradus_error());
    else
        vsnprintf(own.text, sizeof own.text, format, args);
    va_end(args);
    all = gather_all(g, &own, sizeof own);
    status = all ? compare(all, g->ranks->size, g->ranks->rank, what) : -1;
    free(all);
    return status;
}

int gradus_agree(const gradus_graph *g, int status)
{
    return gradus_compare_ranks(g, status, "call", "%s", "agree");
}
