/* model_files.c -- what the tests of model files share. */
#include "model_files.h"

#include "nets.h"

#include <dirent.h>
#include <stdlib.h>
#include <zlib.h>

contents read_whole(const char *path)
{
    FILE *f = fopen(path, "rb");
    contents c;

    ck_assert_msg(f != NULL, "cannot open %s", path);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    c.size = (size_t)ftell(f);
    rewind(f);
    c.byte = calloc(c.size + 1, 1);
    ck_assert_ptr_nonnull(c.byte);
    ck_assert_uint_eq(fread(c.byte, 1, c.size, f), c.size);
    fclose(f);
    return c;
}

int same(contents a, contents b)
{
    return a.size == b.size && memcmp(a.byte, b.byte, a.size) == 0;
}

int files_in_folder(void)
{
    DIR *d = opendir(files_path(""));
    int n = -2; /* . and .. */

    ck_assert_ptr_nonnull(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

void length_bytes(uint64_t n, unsigned char byte[8])
{
    for (int i = 0; i < 8; i++)
        byte[i] = (unsigned char)(n >> 8 * i);
}

void float_bytes(const float *x, size_t n, unsigned char *byte)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], 4);
        for (int k = 0; k < 4; k++)
            *byte++ = (unsigned char)(bits >> 8 * k);
    }
}

void double_bytes(const double *x, size_t n, unsigned char *byte)
{
    for (size_t i = 0; i < n; i++, byte += 8) {
        uint64_t bits;
        memcpy(&bits, &x[i], 8);
        length_bytes(bits, byte);
    }
}

const char *write_safetensors(const char *name, const char *header,
                              size_t length, const void *data, size_t size)
{
    const char *path = files_path(name);
    FILE *f = fopen(path, "wb");
    unsigned char n[8];

    ck_assert_msg(f != NULL, "cannot open %s", path);
    length_bytes(length, n);
    fwrite(n, 1, sizeof n, f);
    fwrite(header, 1, length, f);
    fwrite(data, 1, size, f);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

void seal(contents file)
{
    char *digits = strstr((char *)file.byte + 8, "gradus.checksum\":\"");
    char sum[16];

    ck_assert_ptr_nonnull(digits);
    digits += strlen("gradus.checksum\":\"");
    memset(digits, '0', 8);
    snprintf(sum, sizeof sum, "%08lx",
             crc32(0, file.byte, (unsigned)file.size));
    memcpy(digits, sum, 8);
}

gradus_graph *small_net(uint64_t seed)
{
    return net_new(seed, (const int[]){ 2, 3, 2 }, 4, 1).g;
}
