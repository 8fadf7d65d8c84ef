/* reload.h -- a graph's way through a model file, for tests of layers. */
#ifndef RELOAD_H
#define RELOAD_H

#include <gradus_layer.h>

/* g, compiled, saved and loaded again: with the same ops, names, operands and
 * shapes, and it saves to the same bytes: which is tested. */
gradus_graph *reload(const gradus_graph *g);

/* Saves g, puts `wrong` in the place of `right`, of the same length, in the
 * file, and tests that it is refused with this message. */
void refuse_reload(const gradus_graph *g, const char *right, const char *wrong,
                   const char *message);

#endif
