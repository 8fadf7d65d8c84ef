/* test_table_memory.c -- makes each allocation of a table's functions fail:
 * that must be an error, and lose no memory. */
#include "files.h"
#include "tests.h"

#include "allocations.h"

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 120)

static const char DATA[] = "a;b;y;p;z\n1;x;no;2;w\n;y;yes;3;w\n2;;no;3;w\n";

/* What the program below makes. */
typedef struct {
    gradus_table *t, *back;
    gradus_dataset *d, *again;
    gradus_graph *g;
    gradus_node *x, *p;
} things;

static int run(things *k, const char *path)
{
    const gradus_table_options o = {
        .label = "y", .missing = GRADUS_MISSING_MOST_FREQUENT,
        .indicators = true, .targets = (const char *const[]){ "p", NULL },
        .ignore = (const char *const[]){ "z", NULL } };

    return !(k->t = gradus_table_new(path, &o)) ||
           !(k->d = gradus_table_load(k->t, path, 0)) ||
           gradus_table_fit(k->t, k->d) || !(k->g = gradus_graph_new(1)) ||
           !(k->x = gradus_input(k->g, 5)) ||
           !(k->p = gradus_input(k->g, 1)) ||
           gradus_set_table(k->x, k->p, k->t) ||
           gradus_set_metadata(k->g, "a", "b") ||
           gradus_set_metadata(k->g, "a", "c") ||
           !(k->back = gradus_get_table(k->g)) ||
           !(k->again = gradus_table_load(k->back, path, 0));
}

static void free_all(things *k)
{
    gradus_table_free(k->t);
    gradus_table_free(k->back);
    gradus_dataset_free(k->d);
    gradus_dataset_free(k->again);
    gradus_graph_free(k->g);
}

/* Runs the program with the k-th allocation failing.  Returns 0 if the program
 * succeeded, as it does if it makes fewer than k allocations. */
static int fails(int k, int for_ever)
{
    const char *path = files_path("data.csv");
    const int before = allocations_live();
    things made = { 0 };

    gradus_set_name(NULL, NULL); /* a message that is not about memory */
    allocations_fail(k, for_ever);
    int status = run(&made, path), count = allocations_made();
    allocations_fail(0, 0);
    free_all(&made);
    int lost = allocations_live() - before;
    ck_assert_msg(lost == 0, "allocation %d fails: %d allocations are not "
                  "freed", k, lost);
    ck_assert_msg(!status == (count < k), "allocation %d of %d fails: the "
                  "status is %d: %s", k, count, status, gradus_error());
    ck_assert_msg(!status || strstr(gradus_error(), "memory"),
                  "allocation %d fails: the message must be about memory, but "
                  "is \"%s\"", k, gradus_error());
    return status;
}

LOOP_TEST(each_allocation_may_fail, 2)
{
    int k = 1;

    files_write("data.csv", DATA, strlen(DATA));
    while (fails(k, _i))
        k++;
    ck_assert_int_gt(k, 40); /* else the allocations are not counted */
}

TEST(refusing_a_file_for_lack_of_memory_or_for_a_fault_loses_none)
{
    static const char text[] = "a,b,c\nx,2024-01-01,\ny,2024-01-02,\n";
    const char *path = files_write("bad.csv", text, strlen(text));

    for (int k = 1, made = k; made >= k; k++) {
        const int before = allocations_live();
        allocations_fail(k, 0);
        gradus_table *t = gradus_table_new(path, NULL);
        made = allocations_made();
        allocations_fail(0, 0);
        ck_assert_ptr_null(t);
        ck_assert_int_eq(allocations_live(), before);
        assert_error(made < k ? "2 columns cannot be used" : "memory");
    }
}
