/* threads.c -- a communicator between threads: messages wait in lists. */
#define _POSIX_C_SOURCE 200809L
#include "threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct letter {
    struct letter *next;
    size_t bytes;
    char data[];
} letter;

/* What the ranks share: the letters from each to each. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t came;
    letter *box[MOST_RANKS][MOST_RANKS];
    double deadline;
} post;

typedef struct {
    gradus_communicator c;
    post *post;
    void (*body)(gradus_communicator *c, void *arg);
    void *arg;
} rank;

static void put(post *p, int from, const gradus_message *m)
{
    letter *l = malloc(sizeof *l + m->bytes), **end = &p->box[from][m->rank];

    if (!l)
        abort();
    l->next = NULL;
    l->bytes = m->bytes;
    memcpy(l->data, m->data, m->bytes);
    while (*end)
        end = &(*end)->next;
    *end = l;
}

static int take(post *p, gradus_communicator *c, const gradus_message *m,
                const struct timespec *until)
{
    letter **box = &p->box[m->rank][c->rank];

    while (!*box)
        if (pthread_cond_timedwait(&p->came, &p->mutex, until)) {
            snprintf(c->why, sizeof c->why, "rank %d has sent nothing for %g "
                     "s", m->rank, p->deadline);
            return -1;
        }
    letter *l = *box;
    int status = 0;
    if (l->bytes == m->bytes) {
        memcpy(m->data, l->data, m->bytes);
    } else {
        snprintf(c->why, sizeof c->why, "rank %d has sent %zu bytes; must be "
                 "%zu", m->rank, l->bytes, m->bytes);
        status = -1;
    }
    *box = l->next;
    free(l);
    return status;
}

static int exchange(gradus_communicator *c, const gradus_message *out,
                    int n_out, const gradus_message *in, int n_in)
{
    post *p = ((rank *)c)->post;
    struct timespec until;
    int status = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)p->deadline;
    pthread_mutex_lock(&p->mutex);
    for (int i = 0; i < n_out; i++)
        put(p, c->rank, &out[i]);
    pthread_cond_broadcast(&p->came);
    for (int i = 0; i < n_in && !status; i++)
        status = take(p, c, &in[i], &until);
    pthread_mutex_unlock(&p->mutex);
    return status;
}

static void *run(void *arg)
{
    rank *r = arg;

    r->body(&r->c, r->arg);
    return NULL;
}

void threads_run(int size, double deadline,
                 void (*body)(gradus_communicator *c, void *arg), void *arg)
{
    post p = { .deadline = deadline > 0 ? deadline : 600 };
    pthread_t thread[MOST_RANKS];
    rank ranks[MOST_RANKS];

    if (size > MOST_RANKS || pthread_mutex_init(&p.mutex, NULL) ||
        pthread_cond_init(&p.came, NULL))
        abort();
    for (int i = 0; i < size; i++) {
        ranks[i] = (rank){ { .rank = i, .size = size, .exchange = exchange },
                           &p, body, arg };
        if (pthread_create(&thread[i], NULL, run, &ranks[i]))
            abort();
    }
    for (int i = 0; i < size; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < MOST_RANKS * MOST_RANKS; i++)
        for (letter *l = p.box[i / MOST_RANKS][i % MOST_RANKS], *next; l;
             l = next) {
            next = l->next;
            free(l);
        }
    pthread_cond_destroy(&p.came);
    pthread_mutex_destroy(&p.mutex);
}
