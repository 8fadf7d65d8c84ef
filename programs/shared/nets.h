/* nets.h -- the nets for images and tables that programs can train. */
#ifndef NETS_H
#define NETS_H

#include "gradus.h"
#include "training.h"

/* Builds the net that the settings ask for on x, which must be images except
 * for the mlp.  Returns its logits [B,classes], or NULL with a message in
 * gradus_error. */
gradus_node *net_logits(const settings *s, gradus_node *x, int classes);

/* Are the images of d large enough for the pools of that net?  If not, it says
 * so. */
int net_takes(const settings *s, const gradus_dataset *d);

#endif
