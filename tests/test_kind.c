/* test_kind.c -- kinds of files, told from their first bytes. */
#include "tests.h"

#include "base/kind.h"

#include <stdlib.h>

#define HEAD(bytes) sizeof bytes - 1, bytes

static const struct {
    size_t n;
    const char *head, *kind;
} KINDS[] = {
    { HEAD("\211PNG\r\n\032\n\0\0\0\rIHDR"), "a PNG image" },
    { HEAD("\377\330\377\340\0\020JFIF"), "a JPEG image" },
    { HEAD("\377\330\377\341\1\2Exif"), "a JPEG image" },
    { HEAD("GIF87a\1\0"), "a GIF image" },
    { HEAD("GIF89a\1\0"), "a GIF image" },
    { HEAD("BM\x46\0\0\0\0\0\0\0\x36"), "a BMP image" },
    { HEAD("RIFF\x24\0\0\0WEBPVP8 "), "a WebP image" },
    { HEAD("\0\0\0\x18" "ftypheic\0\0"), "a HEIC image" },
    { HEAD("\0\0\0\x18" "ftypheix\0\0"), "a HEIC image" },
    { HEAD("\0\0\0\x18" "ftypmif1\0\0"), "a HEIC image" },
    { HEAD("\0\0\0\x1c" "ftypavif\0\0"), "an AVIF image" },
    { HEAD("\0\0\0\x1c" "ftypavis\0\0"), "an AVIF image" },
    { HEAD("II*\0\x08"), "a TIFF image" },
    { HEAD("MM\0*\0\0\0\x08"), "a TIFF image" },
    { HEAD("PK\3\4\x14\0"), "a zip archive (.xlsx, .npz and .pt files are, "
                            "too)" },
    { HEAD("\37\213\10\0"), "a gzip file" },
    { HEAD("\xfd" "7zXZ\0\0\4"), "an xz file" },
    { HEAD("\x28\xb5\x2f\xfd\4"), "a zstd file" },
    { HEAD("BZh91AY&SY"), "a bzip2 file" },
    { HEAD("\x93NUMPY\1\0"), "a NumPy file" },
    { HEAD("\x89HDF\r\n\x1a\n"), "an HDF5 file" },
    { HEAD("%PDF-1.7\n"), "a PDF document" },
    { HEAD("\x60\2\0\0\0\0\0\0{\"__metadata__\""), "a safetensors file" },
    { HEAD("\0\0\10\0\0\0\0\0{\"a\""), "a safetensors file" },
    { HEAD("\x20\2\0\0\0\0\0\0{\"w\""), "a safetensors file" },
    { HEAD("\x0a\0\0\0\0\0\0\0{\"w\""), "a safetensors file" },
    { HEAD("\0\0\10\3\0\0\xea\x60"), "an IDX file" },
    { HEAD("\0\0\10\1\0\0\xea\x60"), "an IDX file" },
    { HEAD("version https://git-lfs.github.com/spec/v1\noid sha256:0"),
      "a Git LFS pointer (git lfs pull gets the file itself)" },
    { HEAD("<!DOCTYPE html>"), "an HTML page (did a download fail?)" },
    { HEAD("<!doctype HTML>"), "an HTML page (did a download fail?)" },
    { HEAD("\r\n\t <!DOCTYPE html>"), "an HTML page (did a download fail?)" },
    { HEAD("<html lang=\"en\">"), "an HTML page (did a download fail?)" },
    { HEAD("<HTML>"), "an HTML page (did a download fail?)" },
    { HEAD("\377\376a\0,\0"), "text in UTF-16" },
    { HEAD("\376\377\0a\0,"), "text in UTF-16" },
    { HEAD(""), NULL },
    { HEAD(" \t\r\n"), NULL },
    { HEAD("a,b\n1,2\n"), NULL },
    { HEAD("BMI,AGE\n1,2\n"), NULL },
    { HEAD("PK,GIF,II*,MM,RIFF\n"), NULL },
    { HEAD("version,https\n1,2\n"), NULL },
    { HEAD("<5,>5\n1,2\n"), NULL },
    { HEAD("gif\n1\n"), NULL },
    { HEAD("\0\0\15\3\0\0\0\1"), NULL },
    { HEAD("\xef\xbb\xbf" "a,b\n"), NULL },
};

/* The array is as long as it is said to be, so that a sanitiser notices a byte
 * that is read behind its end. */
LOOP_TEST(a_file_is_told_by_its_first_bytes, COUNT(KINDS))
{
    const char *kind = NULL;

    for (size_t n = 0; n <= KINDS[_i].n; n++) {
        unsigned char *head = malloc(n + !n);
        memcpy(head, KINDS[_i].head, n);
        kind = gradus_file_kind(head, n);
        free(head);
    }
    ck_assert_pstr_eq(kind, KINDS[_i].kind);
}
