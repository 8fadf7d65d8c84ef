/* allocations.c -- counts the library's allocations, and makes chosen ones
 * fail. */
#include "allocations.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

static atomic_int made, live, fail_at, for_ever;
static atomic_long bytes, peak;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *p);
FILE *__real_open_memstream(char **text, size_t *length);
int __real_fclose(FILE *f);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*start)(void *), void *arg);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *p);
FILE *__wrap_open_memstream(char **text, size_t *length);
int __wrap_fclose(FILE *f);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*start)(void *), void *arg);

void allocations_fail(int k, int for_ever_)
{
    made = 0;
    for_ever = for_ever_;
    fail_at = k;
}

int allocations_made(void)
{
    return made;
}

int allocations_live(void)
{
    return live;
}

long allocations_bytes(void)
{
    return bytes;
}

long allocations_peak(void)
{
    return atomic_exchange(&peak, bytes);
}

/* Counts one more allocation.  Returns non-zero if that one must fail. */
static int fails(void)
{
    int k = atomic_fetch_add(&made, 1) + 1;

    return fail_at && (k == fail_at || (for_ever && k > fail_at));
}

/* Counts the bytes of a block that is there from now on. */
static void *measured(void *p)
{
    long size = (long)malloc_usable_size(p);
    long now = atomic_fetch_add(&bytes, size) + size;

    for (long most = peak; now > most;)
        if (atomic_compare_exchange_weak(&peak, &most, now))
            break;
    return p;
}

static void *counted(void *p)
{
    live += p != NULL;
    return measured(p);
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *p, size_t size)
{
    if (fails())
        return NULL;
    if (!p)
        return counted(__real_realloc(p, size));
    long before = (long)malloc_usable_size(p);
    void *q = __real_realloc(p, size);
    if (!q)
        return NULL;
    bytes -= before;
    return measured(q);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : counted(__real_strdup(text));
}

void __wrap_free(void *p)
{
    live -= p != NULL;
    bytes -= (long)malloc_usable_size(p);
    __real_free(p);
}

/* What is counted here is the text, which the caller frees. */
FILE *__wrap_open_memstream(char **text, size_t *length)
{
    if (fails())
        return NULL;
    live++;
    return __real_open_memstream(text, length);
}

/* A file in memory reports only when it is closed that memory ran out. */
int __wrap_fclose(FILE *f)
{
    int status = __real_fclose(f);

    return fails() ? EOF : status;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*start)(void *), void *arg)
{
    return fails() ? EAGAIN : __real_pthread_create(thread, attr, start, arg);
}
