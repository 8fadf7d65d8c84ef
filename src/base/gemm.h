/* gemm.h -- what has to hold while the library computes, so that results do
 * not depend on the caller. */
#ifndef GRADUS_GEMM_H
#define GRADUS_GEMM_H

#include "base/mode.h"

/* Between enter and leave, the calling thread is in the default floating-point
 * mode, and OpenBLAS, where it computes the products, runs one thread in each
 * call.  Pairs of calls may be nested, and made by several threads at once;
 * after the last leave, OpenBLAS has as many threads as before the first
 * enter. */
void gradus_compute_enter(gradus_mode *m);
void gradus_compute_leave(const gradus_mode *m);

/* What computes products, and the last bits of one depend on: OpenBLAS's
 * version, its configuration and the processor that it has found, or oneDNN's
 * version and the instructions that it uses. */
const char *gradus_blas_name(void);

#endif
