/* product.h -- products of small matrices whose rows lie anywhere, with no
 * copies of them: C = A B, where
 *
 *   C [rows,wide]   A [rows,lines depth]   B [lines depth,wide]
 *
 * A number of A is used for a whole row of B, so that no number of A need lie
 * beside the next.  OpenBLAS copies A and B first for most products, which
 * pays only for larger matrices; and its kernels for small ones (base/gemm.c)
 * know no rows that overlap, or that are pixels. */
#ifndef GRADUS_PRODUCT_H
#define GRADUS_PRODUCT_H

#include "kernels/simd.h"

#include "gradus.h"

/* The number of rows is rounded up, at most to a multiple of this, and A and C
 * have memory for the rows that are added; what is in them does not matter.
 * (Only where rows are pixels, see below, are none added.) */
enum { PRODUCT_ROWS = 8 };

/* What is multiplied; nothing is owned.  Distances are in numbers.  The sum
 * goes over `lines` times `depth` numbers of a row of A.
 *
 * The rows of A and C may be pixels of images, whose next line begins after
 * `across` of them. */
typedef struct {
    int rows, lines, depth;
    int across; /* pixels of a line; 0: rows are no pixels */
    int wide; /* a multiple of a vector's numbers, and of PRODUCT_ROWS, as
                 channels may be rows, too */
    const gradus_real *A, *B;
    size_t a_row, a_step, a_line; /* between rows, numbers and lines of A */
    size_t b_line;                /* between lines of B, whose rows are `wide`
                                     apart */
    gradus_real *C;
    size_t c_row;                 /* between rows of C */
    size_t a_down, c_down;        /* between lines of pixels of A, of C */
    bool add;                     /* C += A B */
} gradus_product;

/* Rounds a number of channels up to what `wide` may be. */
int gradus_product_wide(gradus_simd simd, int channels);

void gradus_multiply(gradus_simd simd, const gradus_product *p);

#endif
