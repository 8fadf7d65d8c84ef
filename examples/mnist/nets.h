/* nets.h -- the nets that mnist-train can train. */
#ifndef NETS_H
#define NETS_H

#include "gradus.h"
#include "train_flags.h"

/* From images, or for the MLP any input, to [B,classes] logits.  NULL, with a
 * message in gradus_error, on error. */
gradus_node *net_logits(const settings *s, gradus_node *x, int classes);

#endif
