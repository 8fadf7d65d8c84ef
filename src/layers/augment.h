/* augment.h -- random changes of images; for input.c. */
#ifndef GRADUS_AUGMENT_H
#define GRADUS_AUGMENT_H

#include "gradus.h"

/* What is wrong with the options, or NULL. */
const char *gradus_augment_fault(const gradus_augmentation *a);

/* to [channels,height,width] = from, changed; pixels from outside are
 * outside[c].  field is memory for 3 images of one channel. */
void gradus_augment_image(const gradus_augmentation *a, gradus_random *random,
                          const int shape[3], const gradus_real *from,
                          const gradus_real *outside, gradus_real *to,
                          gradus_real *field);

#endif
