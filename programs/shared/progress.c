/* progress.c -- shows on stderr how training is getting on. */
#define _DEFAULT_SOURCE
#include "progress.h"

#include "common.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { SHORTEST_BAR = 10, LONGEST_BAR = 30 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Returns the width of the terminal in characters. */
static int columns(void)
{
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || !w.ws_col)
        return 80;
    return w.ws_col;
}

/* Writes a loss: "loss 0.0412", or "loss 4e+40" of one that is large. */
static void write_loss(char *out, size_t room, double loss)
{
    snprintf(out, room, loss < 1e6 ? "loss %.4f" : "loss %.4g", loss);
}

/* Writes the samples per second of an epoch, such as "231k/s". */
static void write_rate(char *out, size_t room, const gradus_epoch *e)
{
    double rate = e->seconds > 0 ? (double)e->samples / e->seconds : 0;
    if (rate < 10000)
        snprintf(out, room, "%.0f/s", rate);
    else
        snprintf(out, room, "%.0fk/s", rate / 1000);
}

/* Writes the time left: "12 s left", "3:20 left" or "2:05:00 left". */
static void write_left(char *out, size_t room, double left)
{
    long s = (long)(left + 0.5);
    if (s < 60)
        snprintf(out, room, "%ld s left", s);
    else if (s < 3600)
        snprintf(out, room, "%ld:%02ld left", s / 60, s % 60);
    else
        snprintf(out, room, "%ld:%02ld:%02ld left", s / 3600, s / 60 % 60,
                 s % 60);
}

/* Appends `cells` copies of glyph. */
static void repeat(char *line, const char *glyph, int cells)
{
    for (char *end = line + strlen(line); cells > 0; cells--)
        end = stpcpy(end, glyph);
}

/* Appends a bar of `cells` characters; the fraction `done` of it is full. */
static void append_bar(char *line, const progress *s, int cells, double done)
{
    int full = (int)(done * cells + 0.5);
    strcat(line, s->colour ? "\033[32m" : "");
    repeat(line, s->utf8 ? "█" : "#", full);
    strcat(line, s->colour ? "\033[90m" : "");
    repeat(line, s->utf8 ? "░" : ".", cells - full);
    strcat(line, s->colour ? "\033[0m" : "");
}

/* Draws a line such as
 *   epoch 3/10 ████████░░░░░░░░░░░░  38 %  loss 0.0412  3 s left  231k/s
 * with a single write.  Where the terminal is too narrow, the last things are
 * left out first. */
static void draw(const progress *s, const gradus_progress *p, double elapsed)
{
    double done = (p->epoch + (double)p->batch / p->batches) / p->epochs;
    char head[32], tail[128], part[3][32] = {"  ", "  ", "  "};
    char line[512] = "\r";
    snprintf(head, sizeof head, "epoch %d/%d ", p->epoch + 1, p->epochs);
    snprintf(tail, sizeof tail, " %3.0f %%", 100 * done);
    write_loss(part[0] + 2, 30, p->so_far.train_loss);
    write_left(part[1] + 2, 30, elapsed * (1 - done) / done);
    write_rate(part[2] + 2, 30, &p->so_far);

    /* The last column stays free: a terminal may wrap after it. */
    int room = columns() - 1 - (int)(strlen(head) + strlen(tail));
    for (int i = 0; i < 3; i++) {
        int length = (int)strlen(part[i]);
        if (room - length < SHORTEST_BAR)
            break;
        strcat(tail, part[i]);
        room -= length;
    }
    if (room >= SHORTEST_BAR) {
        strcat(line, head);
        append_bar(line, s, room < LONGEST_BAR ? room : LONGEST_BAR, done);
    }
    strcat(line, tail);
    strcat(line, "\033[K"); /* clears what is left of a longer line */
    fputs(line, stderr);
}

void progress_start(progress *s, int utf8)
{
    s->live = is_terminal(stderr);
    s->colour = may_colour(stderr);
    s->utf8 = utf8;
    s->began = seconds();
    s->drawn = 0;
    s->every = 0;
}

void progress_clear(const progress *s)
{
    if (s->live)
        fputs("\r\033[K", stderr);
}

/* Prints the line of an epoch, with what was validated. */
static void print_epoch(const progress *s, const gradus_progress *p)
{
    const gradus_epoch *e = &p->so_far;
    char rate[32], trained[32], validated[32];
    write_rate(rate, sizeof rate, e);
    write_loss(trained, sizeof trained, e->train_loss);
    write_loss(validated, sizeof validated, e->valid_loss);
    progress_clear(s);
    fprintf(stderr, "epoch %*d/%d  %s",
            p->epochs > 99 ? 3 : p->epochs > 9 ? 2 : 1, p->epoch + 1,
            p->epochs, trained);
    if (!isnan(e->train_accuracy))
        fprintf(stderr, "  accuracy %5.2f %%", 100 * e->train_accuracy);
    if (!isnan(e->valid_loss))
        fprintf(stderr, "  validation %s", validated);
    if (!isnan(e->valid_accuracy))
        fprintf(stderr, "  accuracy %5.2f %%", 100 * e->valid_accuracy);
    fprintf(stderr, "  %.2f s  %s\n", e->seconds, rate);
}

void progress_show(progress *s, const gradus_progress *p)
{
    if (p->warning) {
        progress_clear(s);
        complain("%s", p->warning);
    }
    if (p->epoch_done) {
        if (!s->every || (p->epoch + 1) % s->every == 0 ||
            p->epoch + 1 == p->epochs)
            print_epoch(s, p);
        return;
    }
    double now = seconds();
    if (!s->live || now - s->drawn < 0.1)
        return;
    s->drawn = now;
    draw(s, p, now - s->began);
}
