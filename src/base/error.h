/* error.h -- the calling thread's last message, for all of src/. */
#ifndef GRADUS_ERROR_H
#define GRADUS_ERROR_H

/* Sets what gradus_error() returns.  Always -1, for functions to return. */
#ifdef __GNUC__
__attribute__((format(printf, 1, 2)))
#endif
int gradus_error_set(const char *format, ...);

#endif
