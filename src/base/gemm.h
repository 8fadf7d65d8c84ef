/* gemm.h -- what has to hold while the library computes, so that results do
 * not depend on the caller. */
#ifndef GRADUS_GEMM_H
#define GRADUS_GEMM_H

#include "base/mode.h"

/* Between enter and leave, OpenBLAS runs one thread in each call, and the
 * calling thread is in the default floating-point mode.  Pairs of calls may be
 * nested, and made by several threads at once; after the last leave, OpenBLAS
 * has as many threads as before the first enter. */
void gradus_compute_enter(gradus_mode *m);
void gradus_compute_leave(const gradus_mode *m);

/* OpenBLAS's version, its configuration and the processor that it has found,
 * on which the last bits of a product depend. */
const char *gradus_blas_name(void);

#endif
