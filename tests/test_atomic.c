/* test_atomic.c -- saving and loading when calls of the system fail. */
#define _XOPEN_SOURCE 700
#include "allocations.h"
#include "faults.h"
#include "model_files.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- calls that fail -----------------------------------------------------*/

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 60)

/* The new file could not be renamed to net: it is whole, and the message names
 * it, and why.  Removes it. */
static void assert_kept(contents wanted, const char *why)
{
    contents kept = read_whole(files_path("net.gradus-0.kept"));

    ck_assert(same(kept, wanted));
    assert_error(why);
    assert_error("all of it is in /");
    assert_error("/net.gradus-0.kept");
    ck_assert_int_eq(remove(files_path("net.gradus-0.kept")), 0);
    free(kept.byte);
}

/* The k-th call of the system fails, for each k, with each of the errors. */
LOOP_TEST(a_save_that_fails_anywhere_leaves_the_old_file_or_the_new, 4)
{
    static const int errors[] = { ENOSPC, EIO, EDQUOT, EROFS };
    gradus_graph *old = small_net(1), *new = small_net(2);
    int failed = 0, forgiven = 0, looks = 0, k = 0;

    ck_assert_int_eq(gradus_save(new, files_path("net")), 0);
    contents wanted = read_whole(files_path("net"));
    ck_assert_int_eq(gradus_save(old, files_path("net")), 0);
    contents before = read_whole(files_path("net"));
    do {
        files_write("net", before.byte, before.size);
        fault_at(++k, errors[_i]);
        int error = gradus_save(new, files_path("net"));
        fault.left = 0;
        contents after = read_whole(files_path("net"));
        int is_new = same(after, wanted);
        ck_assert_msg(is_new || same(after, before), "call %d, %s, fails: the "
                      "file is neither the old nor the new one", k,
                      fault.seen);
        if (error && strcmp(fault.seen, "rename") == 0)
            assert_kept(wanted, strerror(errors[_i]));
        ck_assert_msg(files_in_folder() == 1, "call %d, %s, fails: the folder "
                      "holds %d files; must hold 1", k, fault.seen,
                      files_in_folder());
        if (error) {
            failed++;
            assert_error("net: ");
            assert_error(strerror(errors[_i]));
            const char *saved = strstr(gradus_error(), "saved, but");
            ck_assert_msg(is_new == (saved != NULL),
                          "call %d, %s, fails: the file is the %s one, but "
                          "the message is %s", k, fault.seen,
                          is_new ? "new" : "old", gradus_error());
        } else {
            ck_assert_msg(is_new, "call %d fails: saving succeeds, but the "
                          "file is the old one", k);
            forgiven += fault.seen != NULL;
            looks += fault.seen && strcmp(fault.seen, "open") == 0;
        }
        free(after.byte);
    } while (fault.seen);
    /* The calls that must succeed: open twice, fchmod, fsync twice, rename, and
     * at least four writes. */
    ck_assert_int_ge(failed, 10);
    /* Only the closes of the file, which has been synced, and of the folder
     * may fail without an error, and the looks for four stale files. */
    ck_assert_int_eq(looks, 4);
    ck_assert_int_eq(forgiven, 2 + looks);
    free(before.byte);
    free(wanted.byte);
    gradus_graph_free(old);
    gradus_graph_free(new);
}

TEST(a_first_save_that_fails_leaves_no_file)
{
    gradus_graph *g = small_net(1);
    int k = 0;

    do {
        fault_at(++k, ENOSPC);
        int error = gradus_save(g, files_path("net"));
        fault.left = 0;
        if (error && strcmp(fault.seen, "rename") == 0)
            ck_assert_int_eq(remove(files_path("net.gradus-0.kept")), 0);
        if (error && !strstr(gradus_error(), "saved, but"))
            ck_assert_msg(files_in_folder() == 0, "call %d, %s, fails: the "
                          "folder holds %d files; must hold none", k,
                          fault.seen, files_in_folder());
        else
            ck_assert_msg(remove(files_path("net")) == 0, "call %d fails: "
                          "saving succeeds, but there is no file", k);
    } while (fault.seen);
    gradus_graph_free(g);
}

TEST(interrupted_and_short_writes_are_continued)
{
    gradus_graph *g = small_net(1);

    ck_assert_int_eq(gradus_save(g, files_path("wanted")), 0);
    contents wanted = read_whole(files_path("wanted"));
    for (int one_byte = 0; one_byte < 2; one_byte++) {
        int writes = 0, syncs = 0;
        for (int k = 1; k < 40; k++) { /* a signal interrupts only call k */
            fault.one_byte = one_byte;
            fault_at(k, EINTR);
            int error = gradus_save(g, files_path("net"));
            fault.left = fault.one_byte = 0;
            if (!fault.seen)
                break;
            int in_write = strcmp(fault.seen, "pwrite") == 0;
            int in_fsync = strcmp(fault.seen, "fsync") == 0;
            writes += in_write;
            syncs += in_fsync;
            if (!in_write && !in_fsync)
                continue;
            ck_assert_msg(error == 0, "call %d, %s, is interrupted: %s", k,
                          fault.seen, gradus_error());
            contents after = read_whole(files_path("net"));
            ck_assert_msg(same(after, wanted), "call %d, %s, is interrupted: "
                          "the file is wrong", k, fault.seen);
            free(after.byte);
        }
        ck_assert_int_ge(writes, 4);
        ck_assert(one_byte || syncs == 2);
    }
    free(wanted.byte);
    gradus_graph_free(g);
}

TEST(interrupted_and_short_reads_are_continued)
{
    gradus_graph *g = small_net(1), *h;

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    for (int k = 2; k < 5; k++) {
        fault.one_byte = 1;
        fault_at(k, EINTR);
        h = gradus_load(files_path("net"), 1, 1, NULL);
        fault.left = fault.one_byte = 0;
        ck_assert_str_eq(fault.seen, "read");
        ck_assert_msg(h != NULL, "call %d is interrupted: %s", k,
                      gradus_error());
        ck_assert_msg(gradus_parameters_hash(g) == gradus_parameters_hash(h),
                      "call %d is interrupted: the parameters are wrong", k);
        gradus_graph_free(h);
    }
    gradus_graph_free(g);
}

TEST(a_failing_read_is_an_error_and_changes_nothing)
{
    gradus_graph *g = small_net(1), *to = small_net(2);
    uint64_t before = gradus_parameters_hash(to);

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    for (int k = 1;; k++) {
        fault_at(k, EIO);
        int error = gradus_load_parameters(to, files_path("net"));
        fault.left = 0;
        if (strcmp(fault.seen, "close") == 0) {
            ck_assert_int_gt(k, 4);
            break;
        }
        ck_assert_msg(error != 0, "call %d, %s, fails, but loading succeeds",
                      k, fault.seen);
        assert_error(strerror(EIO));
        ck_assert_msg(gradus_parameters_hash(to) == before, "call %d, %s, "
                      "fails, but the parameters change", k, fault.seen);
    }
    gradus_graph_free(g);
    gradus_graph_free(to);
}

/* ---- allocations that fail -----------------------------------------------*/

static json_malloc_t jansson_malloc;
static json_free_t jansson_free;

/* Makes jansson's allocations fail too if all allocations from one on are to
 * fail.  None of jansson's fails alone, as it may not notice (see json.c). */
static void begin_failures(int for_ever)
{
    json_get_alloc_funcs(&jansson_malloc, &jansson_free);
    if (for_ever)
        json_set_alloc_funcs(malloc, free);
}

static void end_failures(void)
{
    json_set_alloc_funcs(jansson_malloc, jansson_free);
}

LOOP_TEST(without_memory_saving_is_an_error, 2)
{
    gradus_graph *g = small_net(1);
    int error, k = 0, live;

    begin_failures(_i);
    gradus_set_class_names(g, 2, (const char *const[]){ "no", "yes" });
    live = allocations_live();
    do {
        allocations_fail(++k, _i);
        error = gradus_save(g, files_path("net"));
        allocations_fail(0, 0);
        ck_assert_msg(files_in_folder() == !error &&
                          allocations_live() == live,
                      "allocation %d fails: %d files, and %d allocations not "
                      "freed", k, files_in_folder(),
                      allocations_live() - live);
    } while (error);
    ck_assert_int_gt(k, _i ? 100 : 7);
    end_failures();
    gradus_graph_free(g);
}

LOOP_TEST(without_memory_loading_is_an_error_and_changes_nothing, 2)
{
    gradus_graph *g = small_net(1), *to = small_net(2), *h;
    uint64_t before = gradus_parameters_hash(to);
    const char *path = files_path("net");
    int error, k = 0, live;

    gradus_set_class_names(g, 2, (const char *const[]){ "no", "yes" });
    ck_assert_int_eq(gradus_save(g, path), 0);
    begin_failures(_i);
    live = allocations_live();
    do {
        ck_assert_msg(gradus_parameters_hash(to) == before,
                      "allocation %d fails, but the parameters change", k);
        allocations_fail(++k, _i);
        error = gradus_load_parameters(to, path);
        allocations_fail(0, 0);
        ck_assert_msg(allocations_live() == live, "allocation %d fails: %d "
                      "allocations are not freed", k,
                      allocations_live() - live);
    } while (error);
    ck_assert_int_gt(k, _i ? 50 : 4);
    k = 0;
    do {
        allocations_fail(++k, _i);
        h = gradus_load(path, 1, 1, NULL);
        allocations_fail(0, 0);
        if (!h)
            ck_assert_msg(allocations_live() == live, "allocation %d fails: "
                          "%d allocations are not freed", k,
                          allocations_live() - live);
    } while (!h);
    ck_assert_int_gt(k, _i ? 150 : 25);
    end_failures();
    gradus_graph_free(g);
    gradus_graph_free(to);
    gradus_graph_free(h);
}

/* ---- kinds of files and folders ------------------------------------------*/

/* A net whose file has 360 kB. */
static gradus_graph *large_net(void)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 300), *t = gradus_labels(g, 1);

    gradus_softmax_ce(gradus_dense(x, 300), t, NULL);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    return g;
}

/* Allows files of at most this many bytes.  Check's assertions write to a file
 * too, so there must be none while the limit is low. */
static int limit_size(rlim_t most)
{
    struct rlimit limit;
    int failed = getrlimit(RLIMIT_FSIZE, &limit);

    limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
    return setrlimit(RLIMIT_FSIZE, &limit) || failed;
}

static int handled;

static void handle(int number)
{
    handled += number == SIGXFSZ;
}

/* What the process does about SIGXFSZ: ends by it, ignores it, handles it. */
static void (*const actions[])(int) = { SIG_DFL, SIG_IGN, handle };

/* The limit lies in the length, in the header, and in the values; for the
 * whole file, and for the trial of saving it. */
LOOP_TEST(a_full_disk_leaves_the_old_file_and_no_signal, 24)
{
    static const rlim_t limits[] = { 0, 100, 8192, 100000 };
    int (*const write)(const gradus_graph *, const char *) =
        _i < 12 ? gradus_save : gradus_try_save;
    gradus_graph *g = small_net(1), *large = large_net();
    sigset_t before, after, pending;

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    contents old = read_whole(files_path("net")), now;
    signal(SIGXFSZ, actions[_i % 3]);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    int failed = limit_size(limits[_i / 3 % 4]);
    int error = write(large, files_path("net"));
    failed |= limit_size(RLIM_INFINITY);
    ck_assert_int_eq(failed, 0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    ck_assert_int_ne(error, 0);
    assert_error("net: cannot be written: File too large");
    now = read_whole(files_path("net"));
    ck_assert(same(old, now));
    ck_assert_int_eq(files_in_folder(), 1);
    sigpending(&pending);
    ck_assert_int_eq(sigismember(&pending, SIGXFSZ), 0);
    ck_assert_int_eq(sigismember(&before, SIGXFSZ),
                     sigismember(&after, SIGXFSZ));
    ck_assert_int_eq(handled, 0);
    free(old.byte);
    free(now.byte);
    gradus_graph_free(g);
    gradus_graph_free(large);
}

/* The signal of another writer, which the program has blocked, stays. */
TEST(a_signal_that_was_pending_stays)
{
    gradus_graph *large = large_net();
    sigset_t limit, pending;

    handled = 0;
    signal(SIGXFSZ, handle);
    sigemptyset(&limit);
    sigaddset(&limit, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &limit, NULL);
    raise(SIGXFSZ);
    int failed = limit_size(1000);
    int error = gradus_save(large, files_path("net"));
    failed |= limit_size(RLIM_INFINITY);
    ck_assert(!failed && error);
    sigpending(&pending);
    ck_assert_int_eq(sigismember(&pending, SIGXFSZ), 1);
    ck_assert_int_eq(handled, 0);
    pthread_sigmask(SIG_UNBLOCK, &limit, NULL);
    ck_assert_int_eq(handled, 1);
    gradus_graph_free(large);
}

TEST(paths_where_no_file_can_be_written_are_errors)
{
    static const char *const names[] = { "none/net", "file/net", "folder",
                                         "folder/", "" };
    char path[5000];
    gradus_graph *g = small_net(1);

    files_write("file", "", 0);
    ck_assert_int_eq(mkdir(files_path("folder"), 0700), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ck_assert_msg(gradus_save(g, files_path(names[i])) != 0,
                      "saving to \"%s\" succeeds; must fail", names[i]);
        ck_assert_int_eq(files_in_folder(), 2);
    }
    ck_assert_int_ne(gradus_save(g, ""), 0);
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = 0;
    ck_assert_int_ne(gradus_save(g, path), 0);
    assert_error("File name too long");
    memset(path, '/', sizeof path - 5); /* which realpath makes /aaaa */
    ck_assert_int_ne(gradus_save(g, path), 0);
    gradus_graph_free(g);
}

static mode_t mode_of(const char *path)
{
    struct stat s;

    ck_assert_int_eq(lstat(path, &s), 0);
    return s.st_mode;
}

/* A FIFO stands for devices such as /dev/full, so that the system keeps its
 * devices even if root runs this test and it fails. */
TEST(a_device_is_refused_and_stays)
{
    gradus_graph *g = small_net(1);

    ck_assert_int_eq(mkfifo(files_path("fifo"), 0600), 0);
    ck_assert_int_ne(gradus_save(g, files_path("fifo")), 0);
    assert_error("fifo: not a regular file");
    ck_assert(S_ISFIFO(mode_of(files_path("fifo"))));
    ck_assert_int_eq(files_in_folder(), 1);
    gradus_graph_free(g);
}

TEST(a_read_only_folder_is_an_error)
{
    gradus_graph *g = small_net(1);

    ck_assert_int_eq(mkdir(files_path("folder"), 0500), 0);
    if (geteuid() == 0) /* root may write to any folder but this one */
        ck_assert_int_ne(gradus_save(g, "/proc/net-of-gradus"), 0);
    else
        ck_assert_int_ne(gradus_save(g, files_path("folder/net")), 0);
    assert_error("no temporary file can be made beside it");
    gradus_graph_free(g);
}

TEST(permissions_follow_the_umask_or_the_old_file)
{
    gradus_graph *g = small_net(1);
    mode_t before = umask(027);

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    umask(before);
    ck_assert_int_eq(mode_of(files_path("net")) & 0777, 0640);
    ck_assert_int_eq(chmod(files_path("net"), 0604), 0);
    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    ck_assert_int_eq(mode_of(files_path("net")) & 0777, 0604);
    gradus_graph_free(g);
}

TEST(a_symbolic_link_stays_and_its_file_is_replaced)
{
    gradus_graph *g = small_net(1);

    files_write("file", "old", 3);
    ck_assert_int_eq(symlink("file", files_path("link")), 0);
    ck_assert_int_eq(gradus_save(g, files_path("link")), 0);
    ck_assert(S_ISLNK(mode_of(files_path("link"))));
    gradus_graph *h = gradus_load(files_path("file"), 1, 1, NULL);
    ck_assert_msg(h != NULL, "%s", gradus_error());
    ck_assert_int_eq(files_in_folder(), 2);
    gradus_graph_free(g);
    gradus_graph_free(h);
}

TEST(a_bare_name_is_saved_in_the_working_folder)
{
    gradus_graph *g = small_net(1);
    char before[4096];

    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    ck_assert_int_eq(chdir(files_path("")), 0);
    ck_assert_msg(gradus_save(g, "net") == 0, "%s", gradus_error());
    ck_assert_int_eq(chdir(before), 0);
    ck_assert_int_eq(files_in_folder(), 1);
    gradus_graph_free(g);
}
