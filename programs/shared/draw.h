/* draw.h -- draws a small image with the letters of a terminal. */
#ifndef DRAW_H
#define DRAW_H

#include <stdint.h>
#include <stdio.h>

/* An image to be drawn; the pixels are borrowed. */
typedef struct {
    const uint8_t *pixels; /* [channels,height,width] */
    int channels, height, width;
    int blocks; /* draw with half blocks in 24 shades of grey, for a terminal
                   that has UTF-8 and colours?  Else with letters */
} drawing;

/* How many lines of text it takes, and how many columns. */
int draw_lines(const drawing *d);
int draw_columns(const drawing *d);

/* Draws one of the lines, without a newline; below the last it is blank. */
void draw_line(FILE *to, const drawing *d, int line);

#endif
