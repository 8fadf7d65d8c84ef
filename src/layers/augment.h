/* augment.h -- data augmentation, the random changes of training images that
 * input.c makes. */
#ifndef GRADUS_AUGMENT_H
#define GRADUS_AUGMENT_H

#include "gradus.h"

/* Returns true, with a message, if the images of n cannot be changed as the
 * options say. */
bool gradus_augment_refused(gradus_node *n, const gradus_augment_options *a);

/* Returns how many numbers of scratch memory gradus_augment_image needs, for
 * the shape of images that are not refused. */
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
