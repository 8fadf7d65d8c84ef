/* test_safetensors.c -- safetensors files that other programs wrote, and
 * malformed ones. */
#define _XOPEN_SOURCE 700
#include "model_files.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* input 2 -> dense1 2: dense1.weight [2,2], dense1.bias [2]. */
static gradus_graph *tiny_net(void)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2), *t = gradus_labels(g, 1);

    gradus_softmax_ce(gradus_dense(x, 2), t, NULL);
    ck_assert_msg(gradus_compile(g, 4, 1) == 0, "%s", gradus_error());
    return g;
}

/* Loads parameters from a file of this header [length] and data [size]. */
static int load(gradus_graph *g, const char *header, size_t length,
                const void *data, size_t size)
{
    write_safetensors("net", header, length, data, size);
    return gradus_load_parameters(g, files_path("net"));
}

#define T(name, dtype, shape, at)                                           \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape               \
    "],\"data_offsets\":[" at "]}"
#define WEIGHT T("dense1.weight", "F32", "2,2", "0,16")
#define BIAS T("dense1.bias", "F32", "2", "16,24")

static const float values[] = { 1, -2, 3e-45f, FLT_MAX, -0.0f, 0.1f };

/* Loads parameters from a file of this header and these numbers [6]. */
static int load_floats(gradus_graph *g, const char *header, const float *x)
{
    unsigned char data[24];

    float_bytes(x, 6, data);
    return load(g, header, strlen(header), data, sizeof data);
}

/* Loads parameters from a file whose bias holds doubles. */
static int load_doubles(gradus_graph *g, const double bias[2])
{
    static const char header[] = "{" T("dense1.bias", "F64", "2", "0,16") ","
        T("dense1.weight", "F32", "2,2", "16,32") "}";
    unsigned char data[32];

    double_bytes(bias, 2, data);
    float_bytes(values, 4, data + 16);
    return load(g, header, sizeof header - 1, data, sizeof data);
}

/* ---- files that other programs wrote -------------------------------------*/

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 60)

LOOP_TEST(files_of_other_programs_are_read, 7)
{
    static const char *const headers[] = {
        "{" WEIGHT "," BIAS "}",
        "{" BIAS "," WEIGHT "}     ",
        "{\"__metadata__\":{\"format\":\"pt\",\"a\\nb\":\"\"}," WEIGHT
        "," BIAS "}",
        "{ \"__metadata__\" : { } ,\n\t" WEIGHT ",\r\n" BIAS "}",
        "{" WEIGHT ",\"dense1\\u002ebias\":{\"data_offsets\":[16,24],"
        "\"shape\":[2],\"dtype\":\"F32\"}}",
        "{\"__metadata__\":{\"a\":\"\\\"b\"},\n" WEIGHT "," BIAS "}",
        "{\"__metadata__\":{\"a\":\"\\\\u0000\\\\\"},\n" WEIGHT "," BIAS
        "}",
    };
    gradus_graph *g = tiny_net();

    ck_assert_msg(load_floats(g, headers[_i], values) == 0, "%s",
                  gradus_error());
    for (int i = 0; i < 6; i++)
        ck_assert(gradus_parameters(g)[i] == (gradus_real)values[i]);
    ck_assert(signbit(gradus_parameters(g)[4]));
    ck_assert_ptr_null(gradus_load(files_path("net"), 1, 1, NULL));
    assert_error("holds no architecture");
    gradus_graph_free(g);
}

TEST(double_values_are_read)
{
    gradus_graph *g = tiny_net();

    ck_assert_msg(load_doubles(g, (double[]){ 0.1, -1e-300 }) == 0, "%s",
                  gradus_error());
    ck_assert(gradus_parameters(g)[0] == 1);
    ck_assert(gradus_parameters(g)[4] == (gradus_real)0.1);
    ck_assert(gradus_parameters(g)[5] == (gradus_real)-1e-300);
    gradus_graph_free(g);
}

/* ---- malformed headers ---------------------------------------------------*/

static const struct {
    const char *header, *error;
} headers[] = {
    { "", "net: is of another kind; must be a safetensors file" },
    { "{", "the header, byte 1: string or '}' expected" },
    { "}", "net: is of another kind; must be a safetensors file" },
    { "nonsense", "net: is of another kind; must be a safetensors file" },
    { "[]", "net: is of another kind; must be a safetensors file" },
    { "7", "net: is of another kind; must be a safetensors file" },
    { "\"text\"", "net: is of another kind; must be a safetensors file" },
    { "null", "net: is of another kind; must be a safetensors file" },
    { " {" WEIGHT "," BIAS "}", "net: is of another kind" },
    { "\xef\xbb\xbf{" WEIGHT "," BIAS "}", "net: is of another kind" },
    { "{" WEIGHT "," BIAS, "the header, byte 133: '}' expected" },
    { "{" WEIGHT "," BIAS ",}", "the header, byte 135: string or '}'" },
    { "{" WEIGHT "," BIAS "}}", "end of file expected near '}'" },
    { "{" WEIGHT "," BIAS "}  x", "end of file expected near 'x'" },
    { "{" WEIGHT "," BIAS "}{}", "end of file expected near '{'" },
    { "{" WEIGHT "," BIAS "}\f", "end of file expected near '\\x0c'" },
    { "{" WEIGHT "," BIAS ",\"a\nb\":{}}", "unexpected newline near '\"a'" },
    { "{" WEIGHT "," BIAS ",\"a\tb\":{}}", "control character 0x9" },
    { "{" WEIGHT "," BIAS ",\"\xff\":{}}", "unable to decode byte 0xff" },
    { "{" WEIGHT "," BIAS ",\"\xc3\":{}}", "unable to decode byte 0xc3" },
    { "{" WEIGHT "," BIAS ",\"\xed\xa0\x80\":{}}", "decode byte 0xed" },
    { "{" WEIGHT "," BIAS ",\"a\\u0000b\":{}}", "NUL byte in object key" },
    { "{" WEIGHT "," BIAS ",\"a\\q\":{}}", "invalid escape near '\"a\\q'" },
    { "{" WEIGHT "," BIAS ",\"a\\ud800\":{}}", "invalid Unicode '\\uD800'" },
    { "{" WEIGHT "," BIAS "," BIAS "}",
      "duplicate object key near '\"dense1.bias\"'" },
    { "{" WEIGHT "," BIAS ",\"dense1\\u002ebias\":{}}",
      "duplicate object key near '\"dense1\\u002ebias\"'" },
    { "{" BIAS ",\"dense1.weight\":{\"dtype\":\"F32\",\"shape\":[2,2],"
      "\"shape\":[4],\"data_offsets\":[0,16]}}",
      "duplicate object key near '\"shape\"'" },
    { "{" WEIGHT "," BIAS ",\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}",
      "duplicate object key near '\"a\"'" },
    { "{" WEIGHT "," BIAS ",\"__metadata__\":{\"a\":\"\\u0000\"}}",
      "\\u0000 is not allowed" },
    { "{" WEIGHT "," BIAS ",\"__metadata__\":7}",
      "__metadata__ must be an object" },
    { "{" WEIGHT "," BIAS ",\"__metadata__\":[\"a\"]}",
      "__metadata__ must be an object" },
    { "{" WEIGHT "," BIAS ",\"__metadata__\":{\"a\":7}}",
      "a must be a string" },
    { "{" WEIGHT "," BIAS ",\"__metadata__\":{\"gradus.x\":\"\"}}",
      "its checksum is not where" },
    { "{\"__metadata__\":{\"gradus.checksum\":\"0000\"}," WEIGHT "," BIAS "}",
      "its checksum is not where" },
    { "{\"__metadata__\":{\"gradus.checksum\":\"0000000A\"}," WEIGHT "," BIAS
      "}", "its checksum is not where" },
    { "{\"__metadata__\":{\"gradus.checksum\":\"00000000\"}," WEIGHT "," BIAS
      "}", "its checksum is 00000000, but that of its contents" },
    { "{" WEIGHT ",\"dense1.bias\":7}", "Expected object, got integer" },
    { "{" WEIGHT ",\"dense1.bias\":[]}", "Expected object, got array" },
    { "{" WEIGHT ",\"dense1.bias\":{}}", "Object item not found: dtype" },
    { "{" WEIGHT ",\"dense1.bias\":{\"dtype\":\"F32\",\"shape\":[2]}}",
      "Object item not found: data_offsets" },
    { "{" WEIGHT ",\"dense1.bias\":{\"dtype\":\"F32\",\"Shape\":[2],"
      "\"data_offsets\":[16,24]}}", "Object item not found: shape" },
    { "{" WEIGHT ",\"dense1.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"x\":1,"
      "\"data_offsets\":[16,24]}}", "1 object item(s) left unpacked: x" },
    { "{" WEIGHT ",\"dense1.bias\":{\"dtype\":\"F32\",\"shape\":2,"
      "\"data_offsets\":[16,24]}}", "dense1.bias is 2 in the file, [2]" },
    { "{" WEIGHT ",\"dense1.bias\":{\"dtype\":32,\"shape\":[2],"
      "\"data_offsets\":[16,24]}}", "Expected string, got integer" },
    { "{" WEIGHT "," T("dense1.bias", "F16", "2", "16,24") "}",
      "has dtype F16; must be F32 or F64" },
    { "{" WEIGHT "," T("dense1.bias", "f32", "2", "16,24") "}", "dtype f32" },
    { "{" WEIGHT "," T("dense1.bias", "", "2", "16,24") "}", "has dtype ;" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "-2", "16,24") "}",
      "is [-2] in the file" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2.5", "16,24") "}",
      "is [2.5] in the file" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "1e300", "16,24") "}",
      "e300] in the file" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "1e999", "16,24") "}",
      "real number overflow near '1e999'" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "9223372036854775808", "16,24")
      "}", "too big integer" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "\"2\"", "16,24") "}",
      "is [\"2\"] in the file" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "[2]", "16,24") "}",
      "is [[2]] in the file" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "null", "16,24") "}",
      "is [null] in the file" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "NaN", "16,24") "}",
      "invalid token near 'NaN'" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "4503599627370496,4096",
                       "16,24") "}", "is [4503599627370496,4096] in the" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "4294967296,1073741823",
                       "16,24") "}", "is [4294967296,1073741823] in the" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "4294967296,4294967296",
                       "16,24") "}", "is [4294967296,4294967296] in the" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "9223372036854775807",
                       "16,24") "}", "is [9223372036854775807] in the" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "") "}",
      "index 0 out of range" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "16") "}",
      "index 1 out of range" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "16,24,32") "}",
      "1 array item(s) left unpacked" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "24,16") "}",
      "data_offsets are [24,16]" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "-8,0") "}",
      "data_offsets are [-8,0]" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "16.5,24.5") "}",
      "Expected integer, got real" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "\"16\",24") "}",
      "Expected integer, got string" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "9223372036854775799,"
                       "9223372036854775807") "}", "must begin at byte " },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "16,28") "}",
      "needs 8 bytes, but its data_offsets are [16,28]" },
    { "{" WEIGHT "," T("dense1.bias", "F64", "2", "16,24") "}",
      "needs 16 bytes" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "8,16") "}",
      "must begin at byte " },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "0,8") "}",
      "must begin at byte " },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2", "20,28") "}",
      "must begin at byte " },
    { "{" T("dense1.weight", "F32", "2,2", "4,20") ","
      T("dense1.bias", "F32", "2", "20,28") "}",
      "byte 4 of the data; must begin at byte 0" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "1", "16,20") "}",
      "dense1.bias is [1] in the file, [2] in the graph" },
    { "{" WEIGHT "," BIAS "," T("more", "F32", "1", "24,28") "}",
      "tensor more is not a parameter of the graph" },
    { "{}", "tensor dense1.weight [2,2] is missing" },
    { "{" WEIGHT "," BIAS ",\"more\":7}",
      "tensor more is not a parameter of the graph" },
    { "{" WEIGHT "," BIAS "," T("more", "F32", "0", "24,24") "}",
      "tensor more is not a parameter of the graph" },
    { "{" WEIGHT "," T("dense1.bios", "F32", "2", "16,24") "}",
      "tensor dense1.bias [2] is missing" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "2,1", "16,24") "}",
      "dense1.bias is [2,1] in the file, [2] in the graph" },
    { "{" WEIGHT "," T("dense1.bias", "F32", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
                       "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2", "16,24") "}",
      "dense1.bias is [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1," },
    { "{" T("dense1.weight", "F32", "4", "0,16") "," BIAS "}",
      "dense1.weight is [4] in the file, [2,2] in the graph" },
    { "{" T("dense1.bias", "F32", "", "0,4") ","
      T("dense1.weight", "F32", "5", "4,24") "}",
      "dense1.weight is [5] in the file" },
};

LOOP_TEST(a_malformed_header_is_an_error_and_changes_nothing,
          COUNT(headers))
{
    gradus_graph *g = tiny_net();
    uint64_t before = gradus_parameters_hash(g);

    ck_assert_int_ne(load_floats(g, headers[_i].header, values), 0);
    assert_error("/net: ");
    assert_error(headers[_i].error);
    ck_assert(gradus_parameters_hash(g) == before);
    ck_assert_ptr_null(gradus_load(files_path("net"), 1, 1, NULL));
    gradus_graph_free(g);
}

TEST(data_that_the_tensors_do_not_fill_are_an_error)
{
    static const char header[] = "{" WEIGHT "," BIAS "}";
    gradus_graph *g = tiny_net();
    char data[25] = { 0 };

    for (size_t size = 0; size <= sizeof data; size++) {
        int error = load(g, header, sizeof header - 1, data, size);
        ck_assert(!error == (size == sizeof values));
        if (error)
            assert_error("the tensors need 24 bytes of data, but the file");
    }
    gradus_graph_free(g);
}

TEST(a_nul_byte_in_the_header_is_an_error)
{
    static const char header[] = "{" WEIGHT "," BIAS "}\0 ";
    gradus_graph *g = tiny_net();

    ck_assert_int_ne(load(g, header, sizeof header - 1, values,
                          sizeof values), 0);
    assert_error("the header, byte 135: end of file expected");
    gradus_graph_free(g);
}

TEST(deep_nesting_is_an_error)
{
    enum { N = 20000 };
    gradus_graph *g = tiny_net();
    char *header = malloc(N);

    memset(header, '[', N);
    memcpy(header, "{\"a\":", 5);
    ck_assert_int_ne(load(g, header, N, "", 0), 0);
    assert_error("the header, byte 2053: maximum parsing depth reached");
    free(header);
    gradus_graph_free(g);
}

LOOP_TEST(a_claimed_length_beyond_the_file_is_an_error, 8)
{
    static const uint64_t lengths[] = { 1,         3,          1 << 20,
                                        100000000, 100000001,  UINT32_MAX,
                                        1ull << 63, UINT64_MAX };
    gradus_graph *g = tiny_net();
    unsigned char bytes[10] = { 0, 0, 0, 0, 0, 0, 0, 0, '{', '}' };

    length_bytes(lengths[_i], bytes);
    files_write("net", bytes, sizeof bytes);
    ck_assert_int_ne(gradus_load_parameters(g, files_path("net")), 0);
    assert_error(lengths[_i] == 1 ? "byte 1: string or '}' expected"
                                  : "cut short or damaged: its header has ");
    gradus_graph_free(g);
}

TEST(a_header_beyond_the_limit_is_not_read)
{
    const uint64_t n = 100000001;
    gradus_graph *g = tiny_net();
    unsigned char bytes[9] = { [8] = '{' };

    length_bytes(n, bytes);
    files_write("net", bytes, sizeof bytes);
    ck_assert_int_eq(truncate(files_path("net"), 8 + (off_t)n), 0);
    ck_assert_int_ne(gradus_load_parameters(g, files_path("net")), 0);
    assert_error("its header has 100000001 bytes, but 100000001 follow, and "
                 "at most 100000000 are allowed");
    gradus_graph_free(g);
}

/* ---- values --------------------------------------------------------------*/

LOOP_TEST(values_that_are_not_finite_are_errors, 4)
{
    static const char header[] = "{" WEIGHT "," BIAS "}";
    static const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
    gradus_graph *g = tiny_net();
    uint64_t before = gradus_parameters_hash(g);
    float data[6] = { 1, 2, 3, 4, 5, bad[_i] };

    ck_assert_int_ne(load_floats(g, header, data), 0);
    assert_error("net: tensor dense1.bias: value 1 is ");
    ck_assert(gradus_parameters_hash(g) == before);
    gradus_graph_free(g);
}

TEST(a_double_too_large_for_a_float_is_an_error)
{
    gradus_graph *g = tiny_net();
    int error = load_doubles(g, (double[]){ 0, 1e39 });

    if (sizeof(gradus_real) == sizeof(double)) {
        ck_assert_int_eq(error, 0);
    } else {
        ck_assert_int_ne(error, 0);
        assert_error("tensor dense1.bias: value 1 is 1e+39");
    }
    gradus_graph_free(g);
}

/* ---- paths that are not files --------------------------------------------*/

TEST(a_path_that_is_not_a_regular_file_is_an_error)
{
    char path[5000];
    gradus_graph *g = tiny_net();

    ck_assert_int_ne(gradus_load_parameters(g, files_path("none")), 0);
    assert_error("none: No such file");
    ck_assert_int_ne(gradus_load_parameters(g, files_path("")), 0);
    assert_error("not a regular file");
    ck_assert_int_ne(gradus_load_parameters(g, ""), 0);
    ck_assert_int_eq(mkfifo(files_path("fifo"), 0600), 0);
    ck_assert_int_ne(gradus_load_parameters(g, files_path("fifo")), 0);
    assert_error("not a regular file");
    ck_assert_int_ne(gradus_load_parameters(g, "/dev/zero"), 0);
    assert_error("not a regular file");
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = 0;
    ck_assert_int_ne(gradus_load_parameters(g, path), 0);
    assert_error("File name too long");
    gradus_graph_free(g);
}

/* ---- memory --------------------------------------------------------------*/

/* The most memory that this process has had, in KiB. */
static long peak(void)
{
    struct rusage r;

    ck_assert_int_eq(getrusage(RUSAGE_SELF, &r), 0);
    return r.ru_maxrss;
}

/* Can memory be measured?  Sanitizers and valgrind take several times what the
 * program asks for.  With CK_FORK=no, this test gets memory that earlier tests
 * have freed. */
static int memory_is_real(void)
{
    const char *preload = getenv("LD_PRELOAD"), *fork = getenv("CK_FORK");

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    return 0;
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return 0;
#endif
#endif
    return (!preload || !strstr(preload, "vgpreload")) &&
           (!fork || strcmp(fork, "no") != 0);
}

/* Writes the text n times. */
static void write_often(FILE *f, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fputs(text, f);
}

/* Each header is `first`, then 8 MiB of `often`, then 10,000 times `objects`,
 * then `last`. */
LOOP_TEST(a_hostile_header_takes_at_most_three_times_its_file_and_8_mib, 6)
{
    static const struct {
        const char *first, *often, *objects, *last;
    } shapes[] = {
        { "[1", ",1", "", "]" },
        { "{\"a\":[[]", ",[]", "", "]}" },
        { "{\"a\":\"\"", ",\"b\":\"\"", "", "}" },
        { "{\"__metadata__\":{\"a\":\"", "a", "", "\"}}" },
        { "{\"__metadata__\":{\"a\":\"", "\\n", "", "\"}}" },
        { "{\"a\":[\"", "a", "\",{},\"", "\"]}" },
    };
    enum { SIZE = 8 << 20, OBJECTS = 10000 };
    const char *first = shapes[_i].first, *often = shapes[_i].often;
    const char *objects = shapes[_i].objects, *last = shapes[_i].last;
    size_t times = SIZE / strlen(often);
    gradus_graph *g = tiny_net();
    FILE *f = fopen(files_path("net"), "wb");
    unsigned char length[8];

    ck_assert_ptr_nonnull(f);
    length_bytes(strlen(first) + times * strlen(often) +
                     OBJECTS * strlen(objects) + strlen(last), length);
    fwrite(length, 1, sizeof length, f);
    fputs(first, f);
    write_often(f, often, times);
    write_often(f, objects, OBJECTS);
    fputs(last, f);
    ck_assert_int_eq(fclose(f), 0);
    long before = peak();
    ck_assert_int_ne(gradus_load_parameters(g, files_path("net")), 0);
    if (memory_is_real())
        ck_assert_int_le(peak() - before, (3 * SIZE + (8 << 20)) / 1024);
    gradus_graph_free(g);
}

/* As many empty lists as a header may hold, which take most in the tree. */
TEST(a_header_of_many_values_takes_at_most_64_mib)
{
    enum { LISTS = 262000 };
    gradus_graph *g = tiny_net();
    FILE *f = fopen(files_path("net"), "wb");
    unsigned char length[8];

    ck_assert_ptr_nonnull(f);
    length_bytes(strlen("{\"a\":[[]]}") + LISTS * strlen(",[]"), length);
    fwrite(length, 1, sizeof length, f);
    fputs("{\"a\":[[]", f);
    write_often(f, ",[]", LISTS);
    fputs("]}", f);
    ck_assert_int_eq(fclose(f), 0);
    long before = peak();
    ck_assert_int_ne(gradus_load_parameters(g, files_path("net")), 0);
    if (memory_is_real())
        ck_assert_int_le(peak() - before, (64 << 20) / 1024);
    gradus_graph_free(g);
}

/* The address space that this process has taken, in bytes; 0 if unknown. */
static size_t taken(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    size_t pages = 0;

    if (f && fscanf(f, "%zu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The process gets a little more memory in each case, so that another step of
 * the reading runs out of it. */
TEST(a_header_too_large_for_the_memory_is_an_error)
{
    enum { SIZE = 1 << 20, STEP = SIZE / 8, TIMES = 128 };
    gradus_graph *g = tiny_net();
    char *header = malloc(SIZE);
    struct rlimit before, limit;
    int times = taken() && memory_is_real() ? TIMES : 0;
    int refused = 0, error;

    ck_assert_ptr_nonnull(header);
    memset(header, 'a', SIZE);
    memcpy(header, "{\"a\":\"", 6);
    memcpy(header + SIZE - 2, "\"}", 2);
    write_safetensors("net", header, SIZE, "", 0);
    free(header);
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    for (int i = 0; i < times; i++) {
        limit = before;
        limit.rlim_cur = taken() + (rlim_t)(i * STEP);
        ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
        error = gradus_load_parameters(g, files_path("net"));
        ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
        ck_assert_int_ne(error, 0);
        if (strstr(gradus_error(), "out of memory"))
            refused++;
        else
            assert_error("tensor dense1.weight [2,2] is missing");
    }
    ck_assert(!times || (refused > 0 && refused < times));
    gradus_graph_free(g);
}
