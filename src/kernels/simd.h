/* simd.h -- the instruction sets that kernels are compiled for, and which of
 * them this processor has.
 *
 * Kernels are GNU C on vectors of a fixed length.  Most are compiled for
 * several instruction sets, and the best one available is chosen at run time,
 * so that a library built for any processor of its family is fast on each.
 * Either functions such as by_avx2 call one inlined body, which gets the
 * length of vectors as a constant; or X_of_vectors.h is included once for each
 * length, where the type of a vector has to change, or once for each
 * instruction set.  What takes little time is compiled once, for the processor
 * that ARCH names, and so are sums.c and pool2.c. */
#ifndef GRADUS_SIMD_H
#define GRADUS_SIMD_H

/* The versions of a kernel, from the slowest to the fastest. */
typedef enum { GRADUS_PLAIN, GRADUS_AVX2, GRADUS_AVX512 } gradus_simd;

#if defined __x86_64__ && defined __GNUC__
#define GRADUS_FOR_AVX2 __attribute__((target("avx2,fma")))
#define GRADUS_FOR_AVX512                                                   \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")))
/* Returns the best instruction set of this processor. */
static inline gradus_simd gradus_simd_here(void)
{
    if (__builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw"))
        return GRADUS_AVX512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
               ? GRADUS_AVX2 : GRADUS_PLAIN;
}
#else
#define GRADUS_FOR_AVX2
#define GRADUS_FOR_AVX512
static inline gradus_simd gradus_simd_here(void) { return GRADUS_PLAIN; }
#endif

/* For the functions that a kernel consists of: they are inlined, and so
 * compiled anew, in each version of it. */
#define GRADUS_INLINE static inline __attribute__((always_inline))

#endif
