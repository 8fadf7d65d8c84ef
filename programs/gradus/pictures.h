/* pictures.h -- small pictures within a page of HTML. */
#ifndef PICTURES_H
#define PICTURES_H

#include <stdint.h>
#include <stdio.h>

/* Writes an <img> of pixels [channels,height,width]: grey, or RGB if there are
 * three channels; of another number of them, the first is shown.  A picture of
 * more than 128 pixels in a direction is made smaller.  Returns 0, or -1 if
 * memory is short. */
int picture(FILE *f, const uint8_t *pixels, int channels, int height,
            int width, const char *alt);

#endif
