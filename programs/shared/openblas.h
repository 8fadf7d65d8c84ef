/* openblas.h -- what OpenBLAS needs where memory is limited (ulimit -v).
 *
 * OpenBLAS takes up to 128 MiB of address space for each thread that
 * multiplies, and for each idle thread of its own.  If it gets none, it asks
 * again for ever: a program then hangs with a busy core, in its first product
 * or, because of an idle thread, when it ends. */
#ifndef OPENBLAS_H
#define OPENBLAS_H

/* To be called first in main: where the address space is limited, the program
 * will end without waiting for the threads of OpenBLAS. */
void openblas_may_hang(void);

/* Is there room for products on this many threads?  To be called before the
 * first product.  Returns 0, with a message, if there is not. */
int openblas_has_room(int threads);

#endif
