/* write.h -- writes to a file without a signal. */
#ifndef GRADUS_WRITE_H
#define GRADUS_WRITE_H

#include <stddef.h>
#include <sys/types.h>

/* Writes bytes[0..n-1] to fd from its byte `at` on, or, if `at` is below 0,
 * where the file stands.  It goes on if the system writes only a part, or if
 * a signal interrupts it.  Returns 0, or -1 with errno; then a part may have
 * been written.  Beyond the limit of the process for the size of a file
 * (ulimit -f), errno is EFBIG, and there is no SIGXFSZ, which would end the
 * process. */
int gradus_write(int fd, const void *bytes, size_t n, off_t at);

#endif
