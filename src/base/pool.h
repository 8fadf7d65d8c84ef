/* pool.h -- threads that share out the items of a job. */
#ifndef GRADUS_POOL_H
#define GRADUS_POOL_H

typedef struct gradus_pool gradus_pool;

/* A pool of `threads` threads, which include the caller's own.  NULL, with a
 * message, if they cannot be started. */
gradus_pool *gradus_pool_new(int threads);
void gradus_pool_free(gradus_pool *p); /* NULL is fine */

/* Calls job(arg, item, worker) for each of the items 0 .. items-1 once, in any
 * order, and returns when all have returned.  worker is the thread's number,
 * 0 .. threads-1; a worker does one item at a time. */
void gradus_pool_run(gradus_pool *p,
                     void (*job)(void *arg, int item, int worker), void *arg,
                     int items);

/* How many processors this process may run on. */
int gradus_pool_processors(void);

#endif
