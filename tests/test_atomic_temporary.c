/* test_atomic_temporary.c -- the temporary files of saving: those that killed
 * programs leave behind, those of living writers, those that are kept; and
 * trials of saving. */
#define _DEFAULT_SOURCE
#include "faults.h"
#include "model_files.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 60)

/* ---- temporary files -----------------------------------------------------*/

/* Makes the file, locked by a living writer if `locked` is set.  Returns its
 * descriptor. */
static int make_temporary(int number, bool locked)
{
    char name[64];

    snprintf(name, sizeof name, "net.gradus-%d.tmp", number);
    int fd = open(files_path(name), O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert(!locked || flock(fd, LOCK_EX) == 0);
    if (locked)
        return fd;
    close(fd);
    return -1;
}

static void assert_saved(int files)
{
    gradus_graph *g = small_net(1);

    ck_assert_msg(gradus_save(g, files_path("net")) == 0, "%s",
                  gradus_error());
    ck_assert_int_eq(files_in_folder(), files);
    gradus_graph *h = gradus_load(files_path("net"), 1, 1, NULL);
    ck_assert_msg(h != NULL, "%s", gradus_error());
    gradus_graph_free(g);
    gradus_graph_free(h);
}

TEST(a_temporary_file_of_a_killed_program_is_removed)
{
    make_temporary(0, false);
    assert_saved(1);
    ck_assert_int_eq(chmod(files_write("net.gradus-0.tmp", "old", 3), 0600),
                     0);
    assert_saved(1);
}

LOOP_TEST(stale_files_do_not_block_saving_and_are_removed, 4)
{
    static const int stale[] = { 2, 3, 100, 1500 };

    for (int i = 0; i < stale[_i]; i++)
        make_temporary(i, false);
    assert_saved(1);
}

/* Writers at the same time may have left such numbers. */
LOOP_TEST(stale_files_above_a_free_number_are_removed, 4)
{
    for (int i = 1; i < 6; i++)
        if (i != _i)
            make_temporary(i, false);
    assert_saved(1);
}

/* Their names only resemble those of temporary files. */
TEST(files_of_the_user_stay)
{
    static const char *const names[] = { "net.0.tmp", "net.1.tmp", "net.tmp",
                                         "net.gradus-x.tmp", "net.gradus-0",
                                         "net2.gradus-0.tmp" };

    for (int i = 0; i < COUNT(names); i++)
        files_write(names[i], "mine", 4);
    assert_saved(1 + COUNT(names));
}

TEST(the_temporary_file_of_a_living_writer_stays)
{
    int first = make_temporary(0, true), second = make_temporary(1, true);

    make_temporary(2, false);
    assert_saved(3);
    make_temporary(3, false);
    close(first);
    assert_saved(2);
    close(second);
    assert_saved(1);
}

static int meanwhile;

/* Another program removes the temporary file, and makes one of its own. */
static void replace_temporary(void)
{
    ck_assert_int_eq(remove(files_path("net.gradus-0.tmp")), 0);
    meanwhile = make_temporary(0, true);
}

/* Between the look at a stale file and its removal, and between the making of
 * an own file and its lock, others may do the same. */
LOOP_TEST(a_file_that_another_writer_replaces_meanwhile_stays_its_own, 2)
{
    if (_i)
        make_temporary(0, false);
    fault.before_flock = replace_temporary;
    assert_saved(2);
    struct stat at, open;
    ck_assert_int_eq(stat(files_path("net.gradus-0.tmp"), &at), 0);
    ck_assert_int_eq(fstat(meanwhile, &open), 0);
    ck_assert(at.st_ino == open.st_ino);
    close(meanwhile);
    assert_saved(1);
}

/* A link of that name, to a file that must not be touched, and a FIFO and a
 * folder, none of which is a temporary file of ours. */
TEST(what_is_no_temporary_file_is_neither_opened_nor_removed)
{
    files_write("precious", "old", 3);
    ck_assert_int_eq(symlink("precious", files_path("net.gradus-0.tmp")), 0);
    ck_assert_int_eq(symlink("nothing", files_path("net.gradus-1.tmp")), 0);
    ck_assert_int_eq(mkfifo(files_path("net.gradus-2.tmp"), 0600), 0);
    ck_assert_int_eq(mkdir(files_path("net.gradus-3.tmp"), 0700), 0);
    assert_saved(6);
    contents precious = read_whole(files_path("precious"));
    ck_assert_str_eq((char *)precious.byte, "old");
    free(precious.byte);
}

TEST(a_thousand_living_writers_are_an_error)
{
    gradus_graph *g = small_net(1);

    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(mkdir(files_path(files_case("net", (size_t)i)), 0700),
                         0);
    for (int i = 0; i < 1000; i++) {
        char name[64];
        snprintf(name, sizeof name, "net.gradus-%d.tmp", i);
        ck_assert_int_eq(rename(files_path(files_case("net", (size_t)i)),
                                files_path(name)), 0);
    }
    ck_assert_int_ne(gradus_save(g, files_path("net")), 0);
    assert_error("no temporary file can be made beside it: File exists");
    gradus_graph_free(g);
}

/* What a thread does that saves to the path over and over. */
static void *save_often(void *arg)
{
    gradus_graph *g = small_net(7);
    long failed = 0;

    (void)arg;
    for (int i = 0; i < 60; i++)
        failed += gradus_save(g, files_path("net")) != 0;
    gradus_graph_free(g);
    return (void *)failed;
}

/* Some programs with two threads each save to one path at once, and killed
 * programs leave files behind meanwhile. */
TEST(writers_at_the_same_path_do_not_disturb_each_other)
{
    pid_t child[4];
    int status;

    for (int i = 0; i < COUNT(child); i++)
        if ((child[i] = fork()) == 0) {
            pthread_t thread;
            void *failed = NULL;
            pthread_create(&thread, NULL, save_often, NULL);
            long own = (long)save_often(NULL);
            pthread_join(thread, &failed);
            _exit(own + (long)failed > 99 ? 99 : (int)(own + (long)failed));
        }
    for (int i = 0; i < COUNT(child); i++) {
        pid_t ended;
        while ((ended = waitpid(child[i], &status, WNOHANG)) == 0)
            make_temporary(0, false);
        ck_assert_int_eq(ended, child[i]);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), 0);
    }
    gradus_graph *g = gradus_load(files_path("net"), 1, 1, NULL);
    ck_assert_msg(g != NULL, "%s", gradus_error());
    gradus_graph_free(g);
}

/* A program that saves is killed, at another moment each time. */
TEST(a_killed_writer_leaves_a_whole_file_and_nothing_that_blocks)
{
    gradus_graph *g = small_net(1);

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0)
            for (;;)
                gradus_save(g, files_path("net"));
        usleep((useconds_t)(500 + 100 * i));
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        assert_saved(1);
    }
    gradus_graph_free(g);
}

/* ---- the last step fails, and a trial beforehand -------------------------*/

/* A file that is a mount point cannot be replaced (EBUSY), nor can a file of
 * somebody else in a folder such as /tmp (EPERM). */
LOOP_TEST(a_model_that_cannot_be_renamed_is_kept, 3)
{
    static const int errors[] = { EBUSY, EPERM, EXDEV };
    gradus_graph *old = small_net(1), *new = small_net(2);

    ck_assert_int_eq(gradus_save(new, files_path("net")), 0);
    contents wanted = read_whole(files_path("net"));
    for (int k = 1, renamed = 0; !renamed; k++) {
        ck_assert_int_eq(gradus_save(old, files_path("net")), 0);
        fault_at(k, errors[_i]);
        int error = gradus_save(new, files_path("net"));
        fault.left = 0;
        ck_assert(error || strcmp(fault.seen, "open") == 0);
        renamed = strcmp(fault.seen, "rename") == 0;
    }
    assert_error("net: cannot be renamed from its temporary name: ");
    /* A later save, and one of a file left behind, do not touch it. */
    make_temporary(0, false);
    assert_saved(3);
    contents kept = read_whole(files_path("net.gradus-0.kept"));
    ck_assert(same(kept, wanted));
    ck_assert_int_eq(access(files_path("net.gradus-0.tmp"), F_OK), 0);
    free(kept.byte);
    free(wanted.byte);
    gradus_graph_free(old);
    gradus_graph_free(new);
}

/* In a folder with the sticky bit only the owner of a file may replace it. */
TEST(a_model_that_replaces_a_file_of_somebody_else_is_kept)
{
    gradus_graph *g = small_net(1);

    files_folder("sticky");
    files_write("sticky/net", "theirs", 6);
    ck_assert_int_eq(chmod(files_path("sticky"), 01777), 0);
    if (geteuid() == 0 && seteuid(65534) == 0) {
        ck_assert_int_eq(gradus_try_save(g, files_path("sticky/net")), 0);
        ck_assert_int_ne(gradus_save(g, files_path("sticky/net")), 0);
        assert_error("Operation not permitted; all of it is in ");
        ck_assert_int_eq(seteuid(0), 0);
        gradus_graph *h = gradus_load(files_path("sticky/net.gradus-0.kept"),
                                      1, 1, NULL);
        ck_assert_msg(h != NULL, "%s", gradus_error());
        gradus_graph_free(h);
    }
    gradus_graph_free(g);
}

/* Each call of the system fails in turn; the trial changes nothing. */
TEST(a_trial_of_saving_leaves_no_trace)
{
    gradus_graph *g = small_net(1), *new = small_net(2);
    int k = 0, failed = 0;

    ck_assert_int_eq(gradus_try_save(new, files_path("net")), 0);
    ck_assert_int_eq(files_in_folder(), 0);
    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    contents before = read_whole(files_path("net"));
    do {
        fault_at(++k, ENOSPC);
        failed += gradus_try_save(new, files_path("net")) != 0;
        fault.left = 0;
        contents after = read_whole(files_path("net"));
        ck_assert_int_eq(files_in_folder(), 1);
        ck_assert(same(before, after));
        free(after.byte);
    } while (fault.seen);
    /* open twice, fchmod, fsync, and at least four writes */
    ck_assert_int_ge(failed, 8);
    free(before.byte);
    gradus_graph_free(g);
    gradus_graph_free(new);
}

LOOP_TEST(a_trial_of_saving_finds_what_saving_finds, 6)
{
    static const char *const names[] = { "none/net", "none/", "file/net",
                                         "folder", "fifo", NULL };
    const char *path = names[_i] ? files_path(names[_i]) : "";
    gradus_graph *g = small_net(1);
    char message[1100];

    files_write("file", "", 0);
    files_folder("folder");
    ck_assert_int_eq(mkfifo(files_path("fifo"), 0600), 0);
    ck_assert_int_ne(gradus_save(g, path), 0);
    strcpy(message, gradus_error());
    ck_assert_int_ne(gradus_try_save(g, path), 0);
    ck_assert_str_eq(gradus_error(), message);
    ck_assert_int_eq(files_in_folder(), 3);
    ck_assert_int_ne(gradus_try_save(g, NULL), 0);
    assert_error("gradus_try_save: the path is NULL");
    ck_assert_int_ne(gradus_try_save(NULL, files_path("net")), 0);
    assert_error("gradus_try_save: the graph is NULL");
    gradus_parameters(g)[1] = (gradus_real)NAN;
    ck_assert_int_ne(gradus_try_save(g, files_path("net")), 0);
    assert_error("must be finite");
    gradus_graph_free(g);
}
