/* setup.h -- what a training begins with: its data, divided, and its net. */
#ifndef SETUP_H
#define SETUP_H

#include "train_flags.h"

/* Owned, but for the flags. */
typedef struct {
    const train_flags *flags;
    settings s;                  /* with the defaults for these data */
    source data, valid_data, test_data;
    gradus_dataset *groups;      /* of the rows, or NULL */
    gradus_dataset train, valid; /* parts of data, or those it lends */
} setup;

/* Opens and divides the data that the flags ask for, and sets what these leave
 * open, by the number of rows and the kind of data.  Returns 0, or -1
 * with a message on stderr.  close_setup frees it in any case. */
int open_setup(setup *t, const train_flags *flags);
void close_setup(setup *t);

/* Builds the net for these data, compiles it and, if that is asked for, loads
 * the weights of another model.  Returns NULL, with a message in gradus_error,
 * if that fails. */
gradus_graph *build_net(const setup *t);

#endif
