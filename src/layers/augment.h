/* augment.h -- data augmentation, the random changes of training images that
 * input.c makes. */
#ifndef GRADUS_AUGMENT_H
#define GRADUS_AUGMENT_H

#include "gradus.h"

/* Returns a text that says what is wrong with the options, or with an image
 * [channels,height,width] of this shape, or NULL if nothing is. */
const char *gradus_augment_fault(const gradus_augment_options *a,
                                 const int shape[3]);

/* Returns how many numbers of scratch memory gradus_augment_image needs, for a
 * shape without fault. */
size_t gradus_augment_scratch(const int shape[3]);

/* Sets the image `to` to a random change of the image `from`.  Both are
 * [channels,height,width], which is `shape`.  A point outside of the old image
 * has the value outside[c] in channel c, with outside [channels].  None of the
 * arrays may overlap with scratch [gradus_augment_scratch(shape)] or with
 * another one. */
void gradus_augment_image(const gradus_augment_options *a,
                          gradus_random *random, const int shape[3],
                          const gradus_real *from, const gradus_real *outside,
                          gradus_real *to, gradus_real *scratch);

#endif
