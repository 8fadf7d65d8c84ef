/* test_fit_log.c -- the log of gradus_fit, a file with a line for each
 * epoch. */
#include "tests.h"

#include "faults.h"
#include "files.h"
#include "nets.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { IN = 12, CLASSES = 4, SAMPLES = 150, BATCH = 32 };

static const char HEADER[] = "epoch,seconds,learning_rate,train_loss,"
                             "train_accuracy,valid_loss,valid_accuracy\n";
static net n;
static gradus_dataset d;
static gradus_optimiser *o;
static gradus_epoch history[4];
static char text[4096];

static void begin(void)
{
    files_begin();
    n = net_new(1, (int[]){ IN, 30, CLASSES }, BATCH, 1);
    d = data_new(1, SAMPLES, IN, CLASSES);
    o = gradus_sgd(n.g, &(gradus_sgd_options){ .learning_rate = 0.125 });
}

static void end(void)
{
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
    files_end();
}

EACH_TEST(.begin = begin, .end = end, .timeout = 60)

static void fit(gradus_fit_options options)
{
    options.log = files_path("log.csv");
    options.history = history;
    ck_assert_msg(gradus_fit(o, &d, &options) == 0, "%s", gradus_error());
}

/* Reads the log into text, points line[i] to its lines, each ended by a 0, and
 * returns how many lines there are. */
static int read_log(const char *line[8])
{
    FILE *f = fopen(files_path("log.csv"), "rb");
    int lines = 0;

    ck_assert_ptr_nonnull(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    ck_assert_int_eq(strncmp(text, HEADER, sizeof HEADER - 1), 0);
    for (char *p = text, *q; (q = strchr(p, '\n')); p = q + 1) {
        ck_assert_int_lt(lines, 8);
        line[lines++] = p;
        *q = 0;
    }
    return lines;
}

static int near(double a, double b)
{
    return fabs(a - b) <= 1e-8 * fabs(b);
}

/* Asserts that the line holds this epoch, learning rate and history. */
static void says(const char *line, int epoch, double rate,
                 const gradus_epoch *e)
{
    double v[7];

    ck_assert_msg(sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf,%lf", v, v + 1, v + 2,
                         v + 3, v + 4, v + 5, v + 6) == 7,
                  "the line is \"%s\"; must be 7 numbers", line);
    ck_assert_msg(v[0] == epoch && fabs(v[1] - e->seconds) < 1e-3 &&
                      v[2] == rate && near(v[3], e->train_loss) &&
                      near(v[4], e->train_accuracy) &&
                      near(v[5], e->valid_loss) &&
                      near(v[6], e->valid_accuracy),
                  "the line is \"%s\"; must be %d,%.3f,%g,%.9g,%.9g,%.9g,%.9g",
                  line, epoch, e->seconds, rate, e->train_loss,
                  e->train_accuracy, e->valid_loss, e->valid_accuracy);
}

TEST(the_log_has_a_line_for_each_epoch_of_all_fits)
{
    const char *line[8];

    fit((gradus_fit_options){ .epochs = 2, .validation = &d });
    ck_assert_int_eq(read_log(line), 3);
    says(line[1], 1, 0.125, &history[0]);
    says(line[2], 2, 0.125, &history[1]);
    gradus_set_learning_rate(o, 0.1);
    fit((gradus_fit_options){ .epochs = 1, .validation = &d });
    ck_assert_int_eq(read_log(line), 4);
    says(line[3], 3, 0.1, &history[0]);
}

TEST(a_log_whose_last_line_was_cut_goes_on_in_a_new_line)
{
    const char *line[8];
    char cut[256];

    snprintf(cut, sizeof cut, "%s1,0.0", HEADER);
    files_write("log.csv", cut, strlen(cut));
    fit((gradus_fit_options){ .epochs = 1, .validation = &d });
    ck_assert_int_eq(read_log(line), 3);
    ck_assert_str_eq(line[1], "1,0.0");
    says(line[2], 1, 0.125, &history[0]);
}

TEST(the_log_loads_as_csv_and_has_empty_fields_for_nan)
{
    const char *line[8];

    fit((gradus_fit_options){ .epochs = 2 });
    ck_assert_int_eq(read_log(line), 3);
    ck_assert_str_eq(line[1] + strlen(line[1]) - 2, ",,");
    gradus_dataset *log = gradus_load_csv(
        files_path("log.csv"),
        &(gradus_csv_options){
            .ignore = (const char *const[]){ "valid_loss", "valid_accuracy",
                                             NULL } });
    ck_assert_msg(log != NULL, "%s", gradus_error());
    ck_assert_uint_eq(log->n, 2);
    ck_assert_int_eq(log->size, 5);
    ck_assert_double_eq(log->x[5], 2);
    gradus_dataset_free(log);
}

/* Stops after the batch *user, which is 100 times the epoch plus the batch. */
static int change_rate_and_stop(const gradus_progress *p, void *user)
{
    gradus_set_learning_rate(p->optimiser, 0.5); /* for the next step */
    return p->epoch * 100 + p->batch == *(int *)user;
}

TEST(an_epoch_cut_short_has_no_line_in_the_log)
{
    const char *line[8];
    int when = 102;

    fit((gradus_fit_options){ .epochs = 3, .callback = change_rate_and_stop,
                              .user = &when });
    ck_assert_int_eq(read_log(line), 2);
    when = 5; /* the last batch: the epoch is whole, but not validated */
    fit((gradus_fit_options){ .epochs = 3, .callback = change_rate_and_stop,
                              .user = &when, .validation = &d });
    ck_assert_int_eq(read_log(line), 3);
    ck_assert_int_eq(strncmp(line[2], "2,", 2), 0);
    ck_assert_str_eq(line[2] + strlen(line[2]) - 2, ",,");
}

static int raise_rate(const gradus_progress *p, void *user)
{
    (void)user;
    if (p->epoch_done)
        gradus_set_learning_rate(p->optimiser, 0.25);
    return 0;
}

TEST(the_log_has_the_learning_rate_of_the_last_step)
{
    const char *line[8];

    fit((gradus_fit_options){ .epochs = 2, .callback = raise_rate,
                              .validation = &d });
    ck_assert_int_eq(read_log(line), 3);
    says(line[1], 1, 0.125, &history[0]);
    says(line[2], 2, 0.25, &history[1]);
}

TEST(a_locale_with_a_decimal_comma_does_not_change_the_log)
{
    const char *line[8];

    if (!files_comma_locale())
        fputs("fit_log: skipped: there is no locale with a decimal comma\n",
              stderr);
    fit((gradus_fit_options){ .validation = &d });
    files_point_locale();
    ck_assert_int_eq(read_log(line), 2);
    says(line[1], 1, 0.125, &history[0]);
}

/* Asserts that fit refuses this log with this message, and changes nothing. */
static void refused(const char *path, const char *message)
{
    uint64_t before = gradus_parameters_hash(n.g);

    ck_assert_int_ne(
        gradus_fit(o, &d, &(gradus_fit_options){ .log = path }), 0);
    assert_error(message);
    ck_assert_uint_eq(gradus_parameters_hash(n.g), before);
}

TEST(a_log_that_cannot_be_written_is_an_error_at_once)
{
    refused(files_path("none/log.csv"), "none/log.csv: No such file");
    refused(files_path("."), "Is a directory");
    refused("/dev/full", "/dev/full: No space left");
    refused("", "No such file");
}

TEST(a_file_that_is_not_a_log_is_left_alone)
{
    static const char *const other[] = {
        "a,b\n1,2\n", "epoch", "\n",
        ("epoch,loss,accuracy,a long line of another program, and many words\n"
         "1,0.5,0.9,and so on, and so on, and so on, and so on\n"),
    };

    for (int i = 0; i < COUNT(other); i++) {
        const char *path = files_write("other", other[i], strlen(other[i]));
        refused(path, "other: exists, but is not an epoch log");
        FILE *f = fopen(path, "rb");
        text[fread(text, 1, sizeof text - 1, f)] = 0;
        fclose(f);
        ck_assert_str_eq(text, other[i]);
    }
}

/* open and close; a second close might close a file of another thread's. */
TEST(a_refused_log_is_closed_once)
{
    const char *path = files_write("other", "a\n", 2);

    fault_at(3, EIO);
    refused(path, "other: exists, but is not an epoch log");
    ck_assert_ptr_null(fault.seen);
    fault_at(0, 0);
}

TEST(a_refused_fit_leaves_no_log)
{
    ((int32_t *)d.labels)[SAMPLES - 1] = CLASSES;
    refused(files_path("log.csv"), "the label is 4");
    ck_assert_int_ne(access(files_path("log.csv"), F_OK), 0);
}

/* Keeps the last warning and notes the epoch, from 0, whose call had it. */
static char warned[600];
static int warned_at;

static int keep_warning(const gradus_progress *p, void *user)
{
    (void)user;
    if (p->warning) {
        snprintf(warned, sizeof warned, "%s", p->warning);
        warned_at = p->epoch_done ? p->epoch : 100;
    }
    return 0;
}

/* The calls are open, header, and a line for each of four epochs.  The disk is
 * full at one of the lines. */
LOOP_TEST(a_full_disk_does_not_end_the_training, 4)
{
    static const int errors[] = { ENOSPC, EIO, EDQUOT, EFBIG };
    const char *line[8];

    fault_at(3 + _i, errors[_i]);
    int status = gradus_fit(o, &d, &(gradus_fit_options){
                                       .epochs = 4, .history = history,
                                       .callback = keep_warning,
                                       .log = files_path("log.csv") });
    fault_at(0, 0);
    ck_assert_msg(status == 0, "%s", gradus_error());
    ck_assert_uint_eq(history[3].samples, SAMPLES);
    ck_assert_int_eq(warned_at, _i);
    ck_assert_ptr_nonnull(strstr(warned, "is not in the log: "));
    ck_assert_ptr_nonnull(strstr(warned, "log.csv: "));
    ck_assert_int_eq(read_log(line), 4);
    for (int e = 0, k = 1; e < 4; e++)
        if (e != _i)
            ck_assert_int_eq(line[k++][0], '1' + e);
}

/* Without a callback nobody could be warned during the training. */
TEST(a_full_disk_is_an_error_at_the_end_if_there_is_no_callback)
{
    fault_at(4, ENOSPC);
    int status = gradus_fit(o, &d, &(gradus_fit_options){
                                       .epochs = 4, .history = history,
                                       .log = files_path("log.csv") });
    fault_at(0, 0);
    ck_assert_int_ne(status, 0);
    assert_error("the training has ended, but epoch 2 is not in the log: ");
    assert_error("log.csv: No space left");
    ck_assert_uint_eq(history[3].samples, SAMPLES);
}

/* A disk that fills up within a line: one byte of it has been written. */
TEST(a_line_that_is_cut_short_is_taken_back)
{
    const char *line[8];

    fault.one_byte = 1;
    fault_at(1 + (int)sizeof HEADER - 1 + 2, ENOSPC);
    ck_assert_int_eq(gradus_fit(o, &d, &(gradus_fit_options){
                                           .epochs = 2,
                                           .callback = keep_warning,
                                           .log = files_path("log.csv") }), 0);
    fault_at(0, 0);
    fault.one_byte = 0;
    ck_assert_int_eq(warned_at, 0);
    ck_assert_int_eq(read_log(line), 2);
    ck_assert_int_eq(strncmp(line[1], "2,", 2), 0);
}

TEST(a_line_written_byte_by_byte_is_whole)
{
    const char *line[8];

    fault.one_byte = 1;
    fit((gradus_fit_options){ .epochs = 1, .validation = &d });
    fault.one_byte = 0;
    ck_assert_int_eq(read_log(line), 2);
    says(line[1], 1, 0.125, &history[0]);
}
