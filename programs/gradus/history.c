/* history.c -- the epochs of a training, as its log has them. */
#define _POSIX_C_SOURCE 200809L
#include "history.h"

#include "common.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char header[] = "epoch,seconds,learning_rate,train_loss,"
                             "train_accuracy,valid_loss,valid_accuracy";

int history_add(history *h, const double row[FIELDS])
{
    for (int k = 0; k < FIELDS; k++) {
        double *more = realloc(h->v[k], ((size_t)h->n + 1) * sizeof *more);
        if (!more)
            return -1;
        h->v[k] = more;
        more[h->n] = row[k];
    }
    h->n++;
    return 0;
}

/* Reads the numbers between the commas of a line; returns 0 if there are not
 * as many as columns. */
static int read_line(const char *line, double row[FIELDS])
{
    for (int k = 0; k < FIELDS; k++) {
        char *end;
        row[k] = strtod(line, &end);
        if (end == line)
            row[k] = NAN;
        if (*end != (k == FIELDS - 1 ? '\0' : ','))
            return 0;
        line = end + 1;
    }
    return isfinite(row[EPOCH]);
}

/* Reads all lines after the header.  A number that does not rise begins
 * another training; a line that was cut, as by a crash, is passed over. */
static int read_lines(history *h, FILE *f)
{
    double row[FIELDS];
    char *line = NULL;
    size_t room = 0;
    int failed = 0;

    while (!failed && getline(&line, &room, f) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (!read_line(line, row))
            continue;
        if (h->n && row[EPOCH] <= h->v[EPOCH][h->n - 1])
            h->n = 0;
        failed = history_add(h, row);
    }
    free(line);
    return failed;
}

int history_read(history *h, const char *path)
{
    char first[sizeof header + 2];
    FILE *f = fopen(path, "r");
    int status = -1;

    if (!f || !fgets(first, sizeof first, f))
        complain("--log %s: %s; must be the epoch log of a training", path,
                 f && !ferror(f) ? "is empty" : strerror(errno));
    else if (strncmp(first, header, sizeof header - 1) != 0)
        complain("--log %s: its first line is not %s; must be the epoch log "
                 "of a training", path, header);
    else if (read_lines(h, f))
        complain("out of memory");
    else if (ferror(f))
        complain("--log %s: %s", path, strerror(errno));
    else
        status = 0;
    if (f)
        fclose(f);
    return status;
}

void history_free(history *h)
{
    for (int k = 0; k < FIELDS; k++)
        free(h->v[k]);
}

double history_seconds(const history *h)
{
    double sum = 0;

    for (int e = 0; e < h->n; e++)
        sum += h->v[SECONDS][e];
    return sum;
}

int history_best(const history *h)
{
    int best = -1;

    for (int e = 0; e < h->n; e++)
        if (isfinite(h->v[VALID_LOSS][e]) &&
            (best < 0 || h->v[VALID_LOSS][e] < h->v[VALID_LOSS][best]))
            best = e;
    return best;
}

int history_has(const history *h, int field)
{
    for (int e = 0; e < h->n; e++)
        if (isfinite(h->v[field][e]))
            return 1;
    return 0;
}
