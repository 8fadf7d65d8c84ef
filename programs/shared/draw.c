/* draw.c -- draws a small image with the letters of a terminal. */
#include "draw.h"

int draw_lines(const drawing *d)
{
    return d->blocks ? (d->height + 1) / 2 : d->height;
}

int draw_columns(const drawing *d)
{
    return d->blocks ? d->width : 2 * d->width;
}

/* Returns the mean of the channels at a pixel, 0 to 255.  Below the last row
 * everything is black, 0. */
static int brightness(const drawing *d, int row, int column)
{
    int sum = 0;
    for (int c = 0; row < d->height && c < d->channels; c++)
        sum += d->pixels[(c * d->height + row) * d->width + column];
    return sum / d->channels;
}

/* Draws two rows of pixels in one line of text: half blocks show the upper
 * row, and the background behind them the lower one. */
static void draw_blocks(FILE *to, const drawing *d, int line)
{
    for (int j = 0; j < d->width; j++) {
        int upper = 232 + brightness(d, 2 * line, j) * 23 / 255;
        int lower = 232 + brightness(d, 2 * line + 1, j) * 23 / 255;
        fprintf(to, "\033[38;5;%d;48;5;%dm▀", upper, lower);
    }
    fputs("\033[0m", to);
}

/* Draws one row of pixels in one line of text.  Each pixel is two characters
 * wide, which makes it square. */
static void draw_letters(FILE *to, const drawing *d, int line)
{
    static const char ramp[] = " .:-=+*#%@";
    for (int j = 0; j < d->width; j++) {
        char c = ramp[brightness(d, line, j) * 9 / 255];
        fputc(c, to);
        fputc(c, to);
    }
}

void draw_line(FILE *to, const drawing *d, int line)
{
    if (line >= draw_lines(d))
        fprintf(to, "%*s", draw_columns(d), "");
    else if (d->blocks)
        draw_blocks(to, d, line);
    else
        draw_letters(to, d, line);
}
