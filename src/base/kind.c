/* kind.c -- tells from its first bytes what kind of file a file is. */
#include "base/kind.h"

#define PAGE "an HTML page (did a download fail?)"

/* In a pattern of n bytes, a question mark stands for any byte, and a small
 * letter for its capital, too. */
static const struct { size_t n; const char *pattern, *name; } kinds[] = {
    { 8, "\x89PNG\r\n\x1a\n", "a PNG image" }, { 6, "GIF8?a", "a GIF image" },
    { 3, "\xff\xd8\xff", "a JPEG image" }, { 4, "II*\0", "a TIFF image" },
    { 12, "RIFF????WEBP", "a WebP image" }, { 4, "MM\0*", "a TIFF image" },
    { 11, "????ftyphei", "a HEIC image" }, { 5, "%PDF-", "a PDF document" },
    { 12, "????ftypm?f1", "a HEIC image" }, { 2, "\x1f\x8b", "a gzip file" },
    { 11, "????ftypavi", "an AVIF image" }, { 5, "\xfd" "7zXZ", "an xz file" },
    { 8, "BM????\0\0", "a BMP image" }, { 6, "\x93NUMPY", "a NumPy file" },
    { 4, "(\xb5/\xfd", "a zstd file" }, { 10, "BZh?1AY&SY", "a bzip2 file" },
    { 4, "PK\3\4", "a zip archive (.xlsx, .npz and .pt files are, too)" },
    { 10, "?????\0\0\0{\"", "a safetensors file" }, { 5, "<html", PAGE },
    { 6, "\x89HDF\r\n", "an HDF5 file" }, { 9, "<!doctype", PAGE },
    { 2, "\xff\xfe", "text in UTF-16" }, { 2, "\xfe\xff", "text in UTF-16" },
    { 23, "version https://git-lfs", "a Git LFS pointer (git lfs pull gets "
    "the file itself)" }, { 3, "\0\0\x08", "an IDX file" },
};

/* Web pages may have blank space before what tells them, so where nothing
 * fits, the next byte is tried after a blank one. */
const char *gradus_file_kind(const unsigned char *head, size_t n)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const unsigned char *p = (const unsigned char *)kinds[k].pattern;
        size_t i = 0;
        while (i < kinds[k].n && i < n && (p[i] == '?' || p[i] == head[i] ||
               (p[i] >= 'a' && p[i] <= 'z' && p[i] == (head[i] | 32))))
            i++;
        if (i == kinds[k].n)
            return kinds[k].name;
    }
    if (n > 0 && (*head == ' ' || (*head >= '\t' && *head <= '\r')))
        return gradus_file_kind(head + 1, n - 1);
    return NULL;
}
