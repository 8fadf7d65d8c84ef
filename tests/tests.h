/* tests.h -- what every file of tests includes.
 *
 *     TEST(two_by_two_by_hand)
 *     {
 *         ...
 *     }
 *
 * is a test, and lists it for main.c to run.  A file is a suite: that of
 * test_dense.c is run by `build/test dense`. */
#ifndef TESTS_H
#define TESTS_H

#include <check.h>
#include <gradus_layer.h>
#include <string.h>

/* The last error contains this text. */
#define assert_error(text)                                                  \
    ck_assert_msg(strstr(gradus_error(), text) != NULL,                     \
                  "no \"%s\" in the message \"%s\"", text, gradus_error())

#define COUNT(table) (int)(sizeof(table) / sizeof *(table))

/* A test, or what the tests below it have in common. */
typedef struct tests_entry {
    const char *file;
    int line;
    const TTest *test; /* or NULL, and then */
    int times;
    struct tests_common {
        void (*begin)(void), (*end)(void); /* before and after each; or NULL */
        double timeout;                    /* in seconds; 0: Check's own */
    } common;
    struct tests_entry *next;
} tests_entry;

void tests_list(tests_entry *e);

/* As often as told, with _i from 0 on. */
#define LOOP_TEST(name, count)                                              \
    static const TTest *name;                                               \
    __attribute__((constructor)) static void name##_is_listed(void)         \
    {                                                                       \
        static tests_entry e = { .file = __FILE__, .line = __LINE__ };      \
        e.test = name;                                                      \
        e.times = count;                                                    \
        tests_list(&e);                                                     \
    }                                                                       \
    START_TEST(name)

#define TEST(name) LOOP_TEST(name, 1)

/* EACH_TEST(.begin = begin, .end = end, .timeout = 60): of the tests below it,
 * up to the next of these. */
#define EACH_TEST(...) TESTS_COMMON(__LINE__, __VA_ARGS__)
#define TESTS_COMMON(line, ...) TESTS_COMMON_AT(line, __VA_ARGS__)
#define TESTS_COMMON_AT(at, ...)                                            \
    __attribute__((constructor)) static void tests_below_##at(void)         \
    {                                                                       \
        static tests_entry e = { .file = __FILE__, .line = at,              \
                                 .common = { __VA_ARGS__ } };               \
        tests_list(&e);                                                     \
    }

#endif
