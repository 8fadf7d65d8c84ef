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

/* A letter that a rank waits for. */
typedef struct {
    int from;
    void *data;
    size_t bytes;
} expected;

typedef struct {
    gradus_communicator c;
    post *post;
    expected *expected; /* [count] */
    int count;
    void (*body)(gradus_communicator *c, void *arg);
    void *arg;
} rank;

static void put(gradus_communicator *c, int to, const void *data, size_t bytes)
{
    post *p = ((rank *)c)->post;
    letter *l = malloc(sizeof *l + bytes), **end = &p->box[c->rank][to];

    if (!l)
        abort();
    l->next = NULL;
    l->bytes = bytes;
    memcpy(l->data, data, bytes);
    pthread_mutex_lock(&p->mutex);
    while (*end)
        end = &(*end)->next;
    *end = l;
    pthread_cond_broadcast(&p->came);
    pthread_mutex_unlock(&p->mutex);
}

static void expect(gradus_communicator *c, int from, void *data, size_t bytes)
{
    rank *r = (rank *)c;

    r->expected = realloc(r->expected,
                          (size_t)(r->count + 1) * sizeof *r->expected);
    if (!r->expected)
        abort();
    r->expected[r->count++] = (expected){ from, data, bytes };
}

/* Takes one message out of its box.  The mutex is locked. */
static int take(gradus_communicator *c, const expected *e,
                const struct timespec *until)
{
    post *p = ((rank *)c)->post;
    letter **box = &p->box[e->from][c->rank];

    while (!*box)
        if (pthread_cond_timedwait(&p->came, &p->mutex, until)) {
            snprintf(c->why, sizeof c->why, "rank %d has sent nothing for %g "
                     "s", e->from, p->deadline);
            return -1;
        }
    letter *l = *box;
    int status = 0;
    if (l->bytes == e->bytes) {
        memcpy(e->data, l->data, e->bytes);
    } else {
        snprintf(c->why, sizeof c->why, "rank %d has sent %zu bytes; must be "
                 "%zu", e->from, l->bytes, e->bytes);
        status = -1;
    }
    *box = l->next;
    free(l);
    return status;
}

static int take_all(gradus_communicator *c)
{
    rank *r = (rank *)c;
    struct timespec until;
    int status = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)r->post->deadline;
    pthread_mutex_lock(&r->post->mutex);
    for (int i = 0; i < r->count && !status; i++)
        status = take(c, &r->expected[i], &until);
    pthread_mutex_unlock(&r->post->mutex);
    r->count = 0;
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
        ranks[i] = (rank){
            .c = { .rank = i, .size = size, .send = put, .receive = expect,
                   .wait = take_all },
            .post = &p, .body = body, .arg = arg
        };
        if (pthread_create(&thread[i], NULL, run, &ranks[i]))
            abort();
    }
    for (int i = 0; i < size; i++) {
        pthread_join(thread[i], NULL);
        free(ranks[i].expected);
    }
    for (int i = 0; i < MOST_RANKS * MOST_RANKS; i++)
        for (letter *l = p.box[i / MOST_RANKS][i % MOST_RANKS], *next; l;
             l = next) {
            next = l->next;
            free(l);
        }
    pthread_cond_destroy(&p.came);
    pthread_mutex_destroy(&p.mutex);
}
