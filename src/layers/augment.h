/* augment.h -- random changes of images; for input.c. */
#ifndef GRADUS_AUGMENT_H
#define GRADUS_AUGMENT_H

#include "gradus.h"

/* What is wrong with the options; NULL if nothing is. */
const char *gradus_augment_fault(const gradus_augment_options *a);

/* to = from, changed at random: both are images of this shape,
 * [channels,height,width].  A pixel from outside is outside[c], [channels].
 * field is scratch memory, [3,height,width]. */
void gradus_augment_image(const gradus_augment_options *a,
                          gradus_random *random, const int shape[3],
                          const gradus_real *from, const gradus_real *outside,
                          gradus_real *to, gradus_real *field);

#endif
