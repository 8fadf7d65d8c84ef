/* doctor_columns.h -- what in the columns of a table keeps a net from
 * learning. */
#ifndef DOCTOR_COLUMNS_H
#define DOCTOR_COLUMNS_H

#include "doctor.h"

/* Looks for it.  Returns how many combinations of values there are: the
 * product of the numbers of different values of all columns of x. */
double look_at_columns(patient *p);

#endif
