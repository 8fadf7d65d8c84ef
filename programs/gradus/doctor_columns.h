/* doctor_columns.h -- what in the columns of a table keeps a net from
 * learning. */
#ifndef DOCTOR_COLUMNS_H
#define DOCTOR_COLUMNS_H

#include "doctor.h"

/* A number that is far from the others of its column. */
extern const disease outliers;

void look_at_columns(patient *p);

#endif
