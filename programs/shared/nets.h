/* nets.h -- the nets for images and tables that programs can train. */
#ifndef NETS_H
#define NETS_H

#include "gradus.h"
#include "training.h"

/* Builds the net that the settings ask for on x, which must be images except
 * for the mlp.  Returns its logits [B,classes], or NULL with a message in
 * gradus_error. */
gradus_node *net_logits(const settings *s, gradus_node *x, int classes);

#endif
