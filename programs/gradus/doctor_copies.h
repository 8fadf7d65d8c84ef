/* doctor_copies.h -- rows with the same input: copies, and contradictions. */
#ifndef DOCTOR_COPIES_H
#define DOCTOR_COPIES_H

#include "doctor.h"

extern const disease duplicates, contradictions;

void look_at_copies(patient *p);

#endif
