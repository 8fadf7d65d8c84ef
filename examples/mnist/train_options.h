/* train_options.h -- what the command line asks mnist-train to do. */
#ifndef TRAIN_OPTIONS_H
#define TRAIN_OPTIONS_H

#include "training.h"

/* Returns what the command line says, and the defaults for the rest.  Exits
 * with status 2 and a message if it is wrong, and with 0 after --help. */
settings parse_options(int argc, char **argv);

#endif
