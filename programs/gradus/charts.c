/* charts.c -- charts within a page of HTML, as SVG.
 *
 * A chart is 360 units wide, which is about as many pixels in a narrow window
 * and in a third of a wide one, so that its texts can be read in both. */
#include "charts.h"

#include "html.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 360, HEIGHT = 240,
    LEFT = 50, RIGHT = 350, TOP = 42, BOTTOM = 194, /* of what is plotted */
    BINS = 64, PER_STEP = 5, /* at most, and for each line of the grid */
    MOST_DOTS = 40, /* a line of more points has no dots */
    MOST_POINTS = 800 /* of a line: about two for each pixel */
};

/* What a chart's corners stand for, and the distance of the grid's lines. */
typedef struct {
    double x0, x1, xstep, y0, y1, ystep;
} axes;

/* 1, 2 or 5 times a power of ten: about n of it are in the range. */
static double nice(double range, int n)
{
    const double rough = range / n, power = pow(10, floor(log10(rough)));
    const double part = rough / power;

    return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

/* Makes a range begin and end at lines of the grid, step apart. */
static void round_range(double *low, double *high, double *step, int n)
{
    if (!(*high > *low)) {
        const double room = *low ? fabs(*low) / 10 : 1;
        *low -= room;
        *high += room;
    }
    *step = nice(*high - *low, n);
    *low = floor(*low / *step + 1e-9) * *step;
    *high = ceil(*high / *step - 1e-9) * *step;
}

static double at_x(const axes *a, double x)
{
    return LEFT + (x - a->x0) / (a->x1 - a->x0) * (RIGHT - LEFT);
}

static double at_y(const axes *a, double y)
{
    return BOTTOM - (y - a->y0) / (a->y1 - a->y0) * (BOTTOM - TOP);
}

/* Widens a range so that it holds the finite ones of v. */
static void include(double *low, double *high, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i])) {
            *low = fmin(*low, v[i]);
            *high = fmax(*high, v[i]);
        }
}

/* The value of a line of the grid, without the dust of rounding. */
static double tick(double low, double step, int i)
{
    const double v = low + i * step;

    return fabs(v) < step / 1e6 ? 0 : v;
}

static void begin(FILE *f, const char *title, const char *about)
{
    fprintf(f, "<figure>\n<h3>%s</h3>\n<svg viewBox=\"0 0 %d %d\" "
            "role=\"img\" aria-label=\"%s: %s\"><title>%s: %s</title>\n",
            escaped(title), WIDTH, HEIGHT, escaped(title), escaped(about),
            escaped(title), escaped(about));
}

static void end(FILE *f)
{
    fputs("</svg>\n</figure>\n", f);
}

/* The grid, its numbers, and the names of both axes. */
static void frame(FILE *f, const axes *a, const char *x_name,
                  const char *y_name)
{
    for (int i = 0; tick(a->y0, a->ystep, i) <= a->y1 + a->ystep / 2; i++) {
        const double v = tick(a->y0, a->ystep, i), y = at_y(a, v);
        fprintf(f, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" "
                "y=\"%.1f\" text-anchor=\"end\">%.6g</text>\n", LEFT, y,
                RIGHT, LEFT - 6, y + 4, v);
    }
    for (int i = 0; tick(a->x0, a->xstep, i) <= a->x1 + a->xstep / 1e6; i++) {
        const double v = tick(a->x0, a->xstep, i), x = at_x(a, v);
        fprintf(f, "<path class=\"grid\" d=\"M%.1f %dv5\"/><text x=\"%.1f\" "
                "y=\"%d\" text-anchor=\"middle\">%.6g</text>\n", x, BOTTOM, x,
                BOTTOM + 19, v);
    }
    fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            (LEFT + RIGHT) / 2, HEIGHT - 8, escaped(x_name));
    if (y_name)
        fprintf(f, "<text x=\"%d\" y=\"%d\">%s</text>\n", 4, TOP - 12,
                escaped(y_name));
}

/* ---- lines -------------------------------------------------------------- */

/* A line's points, joined, with gaps where there are none. */
static void line(FILE *f, const axes *a, const double *x, const double *y,
                 int n, int which)
{
    const int step = (n + MOST_POINTS - 1) / MOST_POINTS;
    int joined = 0;

    fprintf(f, "<path class=\"l%d\" d=\"", which);
    for (int i = 0; i < n; i += step) {
        if (isfinite(y[i]))
            fprintf(f, "%c%.1f %.1f", joined ? 'L' : 'M', at_x(a, x[i]),
                    at_y(a, y[i]));
        joined = isfinite(y[i]);
    }
    fputs("\"/>\n", f);
    for (int i = 0; i < n && n <= MOST_DOTS; i++)
        if (isfinite(y[i]))
            fprintf(f, "<circle class=\"d%d\" cx=\"%.1f\" cy=\"%.1f\" "
                    "r=\"2.5\"/>\n", which, at_x(a, x[i]), at_y(a, y[i]));
}

/* How each line looks, above the chart. */
static void legend(FILE *f, const chart_line *lines, int count)
{
    for (int k = 0; k < count; k++) {
        const int x = LEFT + k * 120;
        fprintf(f, "<path class=\"l%d\" d=\"M%d 10h28\"/><text x=\"%d\" "
                "y=\"14\">%s</text>\n", k, x, x + 34,
                escaped(lines[k].name));
    }
}

static void best(FILE *f, const axes *a, double mark)
{
    const double x = at_x(a, mark);
    const char *anchor = x > RIGHT - 60 ? "end" : x < LEFT + 60 ? "start"
                                                               : "middle";

    fprintf(f, "<path class=\"mark\" d=\"M%.1f %dV%d\"/><text x=\"%.1f\" "
            "y=\"%d\" text-anchor=\"%s\">best: epoch %.0f</text>\n", x,
            TOP - 4, BOTTOM, x, TOP - 8, anchor, mark);
}

/* What the lines show, in words. */
static void describe(char *to, size_t size, const chart_line *lines, int count,
                     int n)
{
    size_t used = (size_t)snprintf(to, size, "%d epochs", n);

    for (int k = 0; k < count && used < size; k++)
        used += (size_t)snprintf(to + used, size - used,
                                 "; %s from %.4g to %.4g", lines[k].name,
                                 lines[k].y[0], lines[k].y[n - 1]);
}

void chart_lines(FILE *f, const char *title, const char *x_name,
                 const double *x, int n, const chart_line *lines, int count,
                 double mark)
{
    axes a = { .x0 = x[0], .x1 = x[n - 1], .y0 = HUGE_VAL, .y1 = -HUGE_VAL };
    char about[256];

    for (int k = 0; k < count; k++)
        include(&a.y0, &a.y1, lines[k].y, (size_t)n);
    if (a.y0 > 0 && a.y0 < a.y1 / 3)
        a.y0 = 0;
    round_range(&a.y0, &a.y1, &a.ystep, 5);
    a.xstep = fmax(1, nice(a.x1 - a.x0, 6));
    a.x0 = fmax(0, floor(a.x0 / a.xstep) * a.xstep); /* epoch 0 is the start */
    describe(about, sizeof about, lines, count, n);
    begin(f, title, about);
    frame(f, &a, x_name, NULL);
    if (mark > 0)
        best(f, &a, mark);
    for (int k = 0; k < count; k++)
        line(f, &a, x, lines[k].y, n, k);
    legend(f, lines, count);
    end(f);
}

/* ---- points ------------------------------------------------------------- */

void chart_points(FILE *f, const char *title, const char *x_name,
                  const char *y_name, const double *x, const double *y, int n)
{
    axes a = { .x0 = HUGE_VAL, .x1 = -HUGE_VAL };
    char about[128];

    include(&a.x0, &a.x1, x, (size_t)n);
    include(&a.x0, &a.x1, y, (size_t)n);
    round_range(&a.x0, &a.x1, &a.xstep, 4);
    a.y0 = a.x0;
    a.y1 = a.x1;
    a.ystep = a.xstep;
    snprintf(about, sizeof about, "%d points, which would be on the diagonal "
             "if all were right", n);
    begin(f, title, about);
    frame(f, &a, x_name, y_name);
    for (int i = 0; i < n; i++)
        fprintf(f, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.6\"/>"
                "\n", at_x(&a, x[i]), at_y(&a, y[i]));
    fprintf(f, "<path class=\"l1\" d=\"M%d %dL%d %d\"/>\n", LEFT, BOTTOM,
            RIGHT, TOP);
    fprintf(f, "<path class=\"l1\" d=\"M%d 10h28\"/><text x=\"%d\" y=\"14\">"
            "exactly right</text>\n", RIGHT - 112, RIGHT - 78);
    end(f);
}

/* ---- histogram ---------------------------------------------------------- */

void chart_histogram(FILE *f, const char *title, const char *x_name,
                     const double *v, size_t n)
{
    axes a = { .x0 = HUGE_VAL, .x1 = -HUGE_VAL };
    double count[BINS] = { 0 };
    char about[160];

    include(&a.x0, &a.x1, v, n);
    snprintf(about, sizeof about, "%zu values from %.4g to %.4g", n, a.x0,
             a.x1);
    round_range(&a.x0, &a.x1, &a.xstep, 4);
    const double wide = a.xstep / PER_STEP;
    for (size_t i = 0; i < n; i++) {
        const double bin = (v[i] - a.x0) / wide;
        count[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : (int)bin]++;
    }
    include(&a.y0, &a.y1, count, BINS);
    round_range(&a.y0, &a.y1, &a.ystep, 4);
    begin(f, title, about);
    frame(f, &a, x_name, "rows");
    for (int k = 0; k < BINS; k++)
        if (count[k])
            fprintf(f, "<path class=\"hist\" d=\"M%.1f %dV%.1fH%.1fV%dz\"/>\n",
                    at_x(&a, a.x0 + k * wide) + .5, BOTTOM,
                    at_y(&a, count[k]), at_x(&a, a.x0 + (k + 1) * wide) - .5,
                    BOTTOM);
    end(f);
}
