/* pool.h -- a pool of threads that share the items of a job among them. */
#ifndef GRADUS_POOL_H
#define GRADUS_POOL_H

typedef struct gradus_pool gradus_pool;

/* Returns a pool of `threads` threads, one of which is the caller's own.
 * Returns NULL, with a message, if they cannot be started. */
gradus_pool *gradus_pool_new(int threads);
void gradus_pool_free(gradus_pool *p); /* p may be NULL */

/* Calls job(arg, item, worker) once for each of the items 0 .. items-1, in
 * any order, and returns when all calls have returned.  worker is the
 * number of the thread that makes the call, 0 .. threads-1.  A worker does
 * one item at a time, so a job may use memory that is set apart for each
 * worker. */
void gradus_pool_run(gradus_pool *p,
                     void (*job)(void *arg, int item, int worker), void *arg,
                     int items);

/* Returns how many processors this process may run on. */
int gradus_pool_processors(void);

#endif
