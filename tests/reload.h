/* reload.h -- saves a graph to a model file and loads it again, for tests of
 * layers. */
#ifndef RELOAD_H
#define RELOAD_H

#include <gradus_layer.h>

/* Saves g, which is compiled, and returns the graph that is loaded from the
 * file.  Asserts that its ops, names, operands and shapes are those of g, and
 * that it is saved to the same bytes. */
gradus_graph *reload(const gradus_graph *g);

/* Saves g, replaces `right` in the file by `wrong`, which has the same length,
 * and asserts that loading the file fails with this message. */
void refuse_reload(const gradus_graph *g, const char *right, const char *wrong,
                   const char *message);

#endif
