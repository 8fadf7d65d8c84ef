/* log.c -- writes a CSV file with a line for each epoch.
 *
 * Each line is appended to the file by one write, so that a program which
 * reads the file during the training, or after a crash, finds whole lines,
 * unless the system writes only a part of it. */
#define _POSIX_C_SOURCE 200809L
#include "train/train.h"

#include "base/error.h"
#include "base/locale.h"
#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char HEADER[] = "epoch,seconds,learning_rate,train_loss,"
                             "train_accuracy,valid_loss,valid_accuracy\n";

/* Sets the message of a write that has failed, and cuts the file to its size
 * before that.  Always returns -1. */
static int take_back(const gradus_log *l, off_t size)
{
    int status = gradus_error_errno(l->path);

    while (ftruncate(l->fd, size) && errno == EINTR)
        continue;
    return status;
}

/* Writes text[0..n-1].  If not all of it can be written, what has been is
 * taken away again, unless the log is no regular file. */
static int put(const gradus_log *l, const char *text, size_t n)
{
    struct stat before;

    if (fstat(l->fd, &before))
        return gradus_error_errno(l->path);
    return gradus_write(l->fd, text, n, -1) ? take_back(l, before.st_size) : 0;
}

/* Goes on with a file of `size` bytes.  Refuses one that does not begin with a
 * log's header, such as a model file passed by mistake.  If the last line was
 * cut, because the disk was full, say, then that line is ended. */
static int go_on(const gradus_log *l, off_t size)
{
    char head[sizeof HEADER], last;
    size_t n = sizeof HEADER - 1;

    if (pread(l->fd, head, n, 0) == (ssize_t)n && !memcmp(head, HEADER, n))
        return pread(l->fd, &last, 1, size - 1) == 1 && last == '\n'
                   ? 0 : put(l, "\n", 1);
    return gradus_error_set("%s: exists, but is not an epoch log: its first "
                            "line is not %.*s", l->path, (int)n - 1, HEADER);
}

/* Writes the header if the file is new or empty, and otherwise goes on with
 * it.  What is not a regular file, such as a terminal, gets a header each
 * time it is opened. */
static int start(const gradus_log *l)
{
    struct stat st;

    if (fstat(l->fd, &st))
        return gradus_error_errno(l->path);
    if (S_ISREG(st.st_mode) && st.st_size > 0)
        return go_on(l, st.st_size);
    return put(l, HEADER, sizeof HEADER - 1);
}

int gradus_log_open(gradus_log *l, const char *path)
{
    *l = (gradus_log){ .path = path, .fd = -1 };
    if (!path)
        return 0;
    l->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    return l->fd < 0 ? gradus_error_errno(l->path) : start(l);
}

/* Numbers are written in the C locale, with a decimal point, whatever locale
 * the program has set; for a NaN there is nothing between the commas. */
int gradus_log_write(gradus_log *l, uint64_t epoch, double learning_rate,
                     const gradus_epoch *e)
{
    const double field[] = { learning_rate, e->train_loss, e->train_accuracy,
                             e->valid_loss, e->valid_accuracy };
    char line[256], *end = line;
    gradus_c_locale locale;

    if (!l->path)
        return 0;
    if (gradus_c_locale_enter(&locale))
        return -1;
    end += sprintf(end, "%llu,%.3f", (unsigned long long)epoch,
                   fmin(e->seconds, 1e15));
    for (size_t i = 0; i < sizeof field / sizeof *field; i++)
        end += isnan(field[i]) ? sprintf(end, ",")
                               : sprintf(end, ",%.9g", field[i]);
    *end++ = '\n';
    gradus_c_locale_leave(&locale);
    return put(l, line, (size_t)(end - line));
}

size_t gradus_log_size(const gradus_log *l)
{
    struct stat st;

    return l->fd >= 0 && !fstat(l->fd, &st) && S_ISREG(st.st_mode)
               ? (size_t)st.st_size : 0;
}

int gradus_log_cut(gradus_log *l, size_t size)
{
    if (size && gradus_log_size(l) > size && ftruncate(l->fd, (off_t)size))
        return gradus_error_errno(l->path);
    return 0;
}

void gradus_log_close(gradus_log *l)
{
    if (l->fd >= 0)
        close(l->fd);
}
