/* doctor_answers.h -- whether the inputs say anything about the answers. */
#ifndef DOCTOR_ANSWERS_H
#define DOCTOR_ANSWERS_H

#include "doctor.h"

/* Looks for answers that have nothing to do with the inputs, or that belong to
 * the rows before or after; start [parameters and buffers] is what the net
 * begins with.  Returns -1 if a step fails. */
int look_at_answers(patient *p, gradus_real *start);

#endif
