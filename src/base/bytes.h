/* bytes.h -- converts between integers and the byte orders of files. */
#ifndef GRADUS_BYTES_H
#define GRADUS_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Returns the integer in the bytes p [4], the most significant byte first. */
static inline uint32_t gradus_big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

/* Returns the integer in the bytes p [n], the least significant byte first;
 * n is at most 8. */
static inline uint64_t gradus_little_endian(const unsigned char *p, size_t n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | p[n];
    return v;
}

/* Sets p [n] to the n low bytes of v, the least significant byte first. */
static inline void gradus_put_little_endian(uint64_t v, unsigned char *p,
                                            size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

#endif
