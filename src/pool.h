/* pool.h -- threads that share out the items of a job. */
#ifndef GRADUS_POOL_H
#define GRADUS_POOL_H

typedef struct gradus_pool gradus_pool;

/* A pool of `threads` threads, the caller's own included.  NULL, with a
 * message, if they cannot be had. */
gradus_pool *gradus_pool_new(int threads);
void gradus_pool_free(gradus_pool *p); /* NULL is fine */

/* Calls job(arg, 0) .. job(arg, items-1), each once, in any order, on any of
 * the threads, and returns when all have returned. */
void gradus_pool_run(gradus_pool *p, void (*job)(void *arg, int item),
                     void *arg, int items);

/* The processors that this process may run on. */
int gradus_pool_processors(void);

#endif
