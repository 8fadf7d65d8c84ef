/* gemm.h -- OpenBLAS's number of threads, while the library computes. */
#ifndef GRADUS_GEMM_H
#define GRADUS_GEMM_H

/* Between the two, OpenBLAS runs one thread in each call.  They nest, and may
 * be used by several threads at once. */
void gradus_blas_enter(void);
void gradus_blas_leave(void);

#endif
