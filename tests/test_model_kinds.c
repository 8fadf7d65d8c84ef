/* test_model_kinds.c -- files that are no model files, but of a known kind. */
#include "model_files.h"

#include <stdlib.h>

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 60)

#define KIND(bytes, name) { bytes, sizeof bytes - 1, name }

static const struct {
    const char *bytes;
    size_t n;
    const char *name;
} kinds[] = {
    KIND("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
    KIND("\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
    KIND("PK\3\4\0\0\x08\x08\0\0archive/data.pkl", "a zip archive"),
    KIND("\x1f\x8b\x08\0\0\0\0\0\0\3", "a gzip file"),
    KIND("<!DOCTYPE html>\n<html>", "an HTML page"),
    KIND("\n <html><body>404", "an HTML page"),
    KIND("version https://git-lfs.github.com/spec/v1\noid sha256:0",
         "a Git LFS pointer"),
    KIND("\0\0\x08\3\0\0\0\1\0\0\0\1\0\0\0\1", "an IDX file"),
    KIND("\x89HDF\r\n\x1a\n\0\0\0\0", "an HDF5 file"),
};

/* The file has 600,000 bytes, so that the length which the first eight bytes
 * of gzip data without a time seem to be would fit. */
LOOP_TEST(a_file_of_another_kind_is_named, COUNT(kinds))
{
    gradus_graph *g = small_net(1);
    char *bytes = calloc(600000, 1), message[96];

    snprintf(message, sizeof message, "/net: is %s", kinds[_i].name);
    memcpy(bytes, kinds[_i].bytes, kinds[_i].n);
    for (size_t size = kinds[_i].n; size; size = size < 600000 ? 600000 : 0) {
        const char *path = files_write("net", bytes, size);
        ck_assert_ptr_null(gradus_load(path, 1, 1, NULL));
        assert_error(message);
        assert_error("; must be a safetensors file");
        ck_assert_int_ne(gradus_load_parameters(g, path), 0);
        assert_error(message);
    }
    free(bytes);
    gradus_graph_free(g);
}

/* A model file that is cut is still one. */
TEST(a_cut_model_file_is_not_of_another_kind)
{
    gradus_graph *g = small_net(1);

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    contents c = read_whole(files_path("net"));
    for (size_t n = 0; n < c.size; n++) {
        files_write("cut", c.byte, n);
        ck_assert_ptr_null(gradus_load(files_path("cut"), 1, 1, NULL));
        ck_assert_ptr_null(strstr(gradus_error(), "/cut: is "));
    }
    free(c.byte);
    gradus_graph_free(g);
}
