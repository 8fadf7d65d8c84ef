/* tests.h -- what every file of tests includes.  This defines a test, and
 * lists it for main.c to run:
 *
 *     TEST(a_node_added_to_itself_is_doubled)
 *     {
 *         ...
 *     }
 *
 * Each file is a suite: `build/test dense` runs the tests of test_dense.c. */
#ifndef TESTS_H
#define TESTS_H

#include <check.h>
#include <gradus_layer.h>
#include <string.h>

/* Asserts that the message of the last error contains this text. */
#define assert_error(text)                                                  \
    ck_assert_msg(strstr(gradus_error(), text) != NULL,                     \
                  "the message must contain \"%s\", but is \"%s\"", text,   \
                  gradus_error())

#define COUNT(table) (int)(sizeof(table) / sizeof *(table))

/* A test or, if `test` is NULL, what the tests below it in the file have in
 * common. */
typedef struct tests_entry {
    const char *file;
    int line;
    const TTest *test;
    int times; /* how often the test runs */
    struct tests_common {
        void (*begin)(void), (*end)(void); /* run before and after each test;
                                              may be NULL */
        double timeout; /* of each test, in seconds; 0 means Check's own */
    } common;
    struct tests_entry *next;
} tests_entry;

/* Adds a test to the list that main.c runs. */
void tests_list(tests_entry *e);

/* Defines a test that runs `count` times, with _i = 0, 1, .. count - 1. */
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

/* EACH_TEST(.begin = begin, .end = end, .timeout = 60) sets these for the
 * tests below it in the file, up to the next EACH_TEST. */
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
