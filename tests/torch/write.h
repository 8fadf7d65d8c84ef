/* write.h -- graphs with known numbers, and what they compute, in files. */
#ifndef WRITE_H
#define WRITE_H

#include <gradus_layer.h>

/* Of every graph, and of those that are trained. */
enum { WRITE_ROWS = 6, WRITE_STEPS = 20 };

/* Opens DIR/index and DIR/values. */
void write_open(const char *dir);
void write_close(void);

/* From here on, tensors are of this case. */
void write_case(const char *name);

/* One line of the index, "case name dim dim ...", and the values. */
void write_numbers(const char *name, int rank, const int *shape,
                   const gradus_real *v);

/* What the nodes were fed, as <node>, and the labels. */
void write_data(const gradus_graph *g);

/* Each parameter and buffer, as <when><node>.<parameter>. */
void write_parameters(const gradus_graph *g, const char *when);

/* y of the node. */
void write_value(const char *name, const gradus_node *n);

/* The gradients of parameters and inputs, as d_<name>. */
void write_gradients(const gradus_graph *g);

/* n numbers in [-2,2), others at each call and the same in each run; valid to
 * the program's end. */
gradus_real *write_draw(size_t n);

/* Draws parameters: biases start as zero, which would hide them.  Buffers stay
 * as they are. */
void write_draw_parameters(gradus_graph *g);

/* Draws and feeds every input; with tokens, whole numbers from 0 to 6 to the
 * first. */
void write_feed_inputs(gradus_graph *g, int tokens);

/* WRITE_STEPS steps, with the first and the second half of the rows in
 * turn. */
void write_train(gradus_optimiser *o);

/* Ends the program with the library's message if status is not 0. */
void write_check(int status);

/* The cases of layers.c, losses.c and optimisers.c. */
void write_layers(void);
void write_losses(void);
void write_optimisers(void);

#endif
