/* gemm.h -- keeps OpenBLAS to one thread in each call while the library
 * computes. */
#ifndef GRADUS_GEMM_H
#define GRADUS_GEMM_H

/* Between enter and leave, OpenBLAS runs one thread in each call.  Pairs of
 * calls may be nested, and made by several threads at once; after the last
 * leave, the number of threads is what it was before the first enter. */
void gradus_blas_enter(void);
void gradus_blas_leave(void);

#endif
