/* write.h -- graphs with known numbers, and what they compute, in files. */
#ifndef WRITE_H
#define WRITE_H

#include <gradus_layer.h>

/* How many rows every graph is fed, and how many steps a training takes. */
enum { WRITE_ROWS = 6, WRITE_STEPS = 20 };

/* Opens DIR/index and DIR/values. */
void write_open(const char *dir);
void write_close(void);

/* Tensors that are written from here on belong to this case. */
void write_case(const char *name);

/* Writes a tensor: one line of the index, "case name dim dim ...", and its
 * values. */
void write_numbers(const char *name, int rank, const int *shape,
                   const gradus_real *v);

/* Writes what each data node was fed, as <node>. */
void write_data(const gradus_graph *g);

/* Writes each parameter and buffer, as <when><node>.<parameter>. */
void write_parameters(const gradus_graph *g, const char *when);

/* Writes y of the node. */
void write_value(const char *name, const gradus_node *n);

/* Writes the gradients of parameters and inputs, as d_<name>. */
void write_gradients(const gradus_graph *g);

/* Draws n numbers in [-2,2).  They are others at each call, and the same in
 * each run of the program, and stay valid until its end. */
gradus_real *write_draw(size_t n);

/* Draws all parameters, as biases would otherwise be 0, and mistakes with them
 * would not be noticed.  Buffers stay as they are. */
void write_draw_parameters(gradus_graph *g);

/* Draws and feeds every input.  If `tokens` is non-zero, the first input gets
 * whole numbers from 0 to 6. */
void write_feed_inputs(gradus_graph *g, int tokens);

/* Takes WRITE_STEPS steps, on the first and the second half of the rows in
 * turn. */
void write_train(gradus_optimiser *o);

/* Ends the program with the library's message if status is not 0. */
void write_check(int status);

/* These write the cases of layers.c, losses.c and optimisers.c. */
void write_layers(void);
void write_losses(void);
void write_optimisers(void);

#endif
