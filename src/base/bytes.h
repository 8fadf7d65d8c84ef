/* bytes.h -- converts between numbers and the byte orders of files, and hashes
 * bytes. */
#ifndef GRADUS_BYTES_H
#define GRADUS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the integer in the bytes p [4], the most significant byte first. */
static inline uint32_t gradus_big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

/* Copies a number of n bytes between the machine's byte order and that of a
 * file with the least significant byte first, in either direction. */
static inline void gradus_little_endian(void *to, const void *from, size_t n)
{
    const bool same = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const unsigned char *p = from;

    for (size_t i = 0; i < n; i++)
        ((unsigned char *)to)[i] = p[same ? i : n - 1 - i];
}

/* Returns the hash of bytes [n] that follow those whose hash is h: FNV-1a with
 * 64 bits (Fowler, Noll, Vo; RFC 9923),  hash = (hash ^ byte) * prime  for
 * each byte. */
#define GRADUS_HASH_OF_NOTHING 0xcbf29ce484222325
static inline uint64_t gradus_hash(uint64_t h, const void *bytes, size_t n)
{
    for (const unsigned char *p = bytes; n--; p++)
        h = (h ^ *p) * 0x100000001b3;
    return h;
}

#endif
