/* test_architecture.c -- model files whose architecture cannot be built, or
 * whose other metadata are malformed. */
#include "model_files.h"

#include <stdlib.h>

#define INPUT "{'op':'input','name':'x','in':[],'attr':{'shape':[2]}}"
#define LABELS "{'op':'labels','name':'t','in':[],'attr':{'positions':[1]}}"
#define DENSE "{'op':'dense','name':'d','in':[0],'attr':{'units':[2]}}"
#define IMAGE "{'op':'input','name':'x','in':[],'attr':{'shape':[1,4,4]}}"
#define POOL(op, attr) "[" IMAGE "," NODE(op, "0", ",'attr':{" attr "}") "]"
#define NODE(op, in, more) "{'op':'" op "','name':'n','in':[" in "]" more "}"
#define AFTER_DENSE(node) "[" INPUT "," LABELS "," DENSE "," node "]"
#define LOSS(more) AFTER_DENSE(NODE("softmax_ce", "2,1", more))
#define ELEMENTS(op, in, more) AFTER_DENSE(NODE(op, in, more))

static const struct {
    const char *architecture; /* with ' for \" */
    const char *error;        /* NULL if the architecture is right */
} architectures[] = {
    { LOSS(""), NULL },
    { "", "gradus.architecture, byte 0: '[' or '{' expected" },
    { "[", "gradus.architecture, byte 1: ']' expected" },
    { "{}", "must be a list of nodes" },
    { "[]", "tensor d.weight is not a parameter" },
    { "[[]]", "[0]: op \"\" is not built in" },
    { "[7]", "[0]: op \"\" is not built in" },
    { "[{}]", "[0]: op \"\" is not built in" },
    { "[{'op':7}]", "[0]: op \"\" is not built in" },
    { "[{'op':'input','op':'dense'}]", "duplicate object key near '\"op\"'" },
    { "[" NODE("conv9", "", "") "]", "[0]: op \"conv9\" is not built in" },
    { "[{'op':'input','name':'x','attr':{'shape':[2]}}]",
      "\"in\" must be a list" },
    { "[" NODE("dense", "0", ",'attr':{'units':[2]}") "]",
      "[0]: operand 0 is not the index of an earlier node" },
    { "[" INPUT "," NODE("relu", "1", "") "]", "[1]: operand 0 is" },
    { "[" INPUT "," NODE("relu", "2", "") "]", "[1]: operand 0 is" },
    { "[" INPUT "," NODE("relu", "-1", "") "]", "operand 0 is" },
    { "[" INPUT "," NODE("relu", "0.5", "") "]", "operand 0 is" },
    { "[" INPUT "," NODE("relu", "1e300", "") "]", "operand 0 is" },
    { "[" INPUT "," NODE("relu", "'x'", "") "]", "operand 0 is" },
    { "[" INPUT "," NODE("relu", "null", "") "]", "operand 0 is" },
    { "[" INPUT "," NODE("relu", "", "") "]", "[1]: " },
    { "[" INPUT "," NODE("relu", "0,0", "") "]", "these 2 operands" },
    { "[" INPUT "," NODE("input", "0", ",'attr':{'shape':[2]}") "]",
      "these 1 operands" },
    { "[" INPUT "," NODE("relu", "0,0,0,0,0,0,0,0,0", "") "]",
      "must be a list of at most 8" },
    { AFTER_DENSE(NODE("dense", "0", "")), "units is 0" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':[0]}")), "units is 0" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':[-1]}")),
      "units is -1" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':[1e300]}")), "units" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':[2.5]}")), "units" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':[2147483647]}")),
      "weight is [2147483647,2]; every axis" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':[1000000000]}")),
      "tensor n.weight [1000000000,2] is missing" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':[1e999]}")),
      "real number overflow near '1e999'" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':['2']}")),
      "value 0 must be a number" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':[]}")),
      "setting units must be a list" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':2}")),
      "setting units must be a list" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':[2,3]}")),
      "setting units is not what its op makes of it" },
    { AFTER_DENSE(NODE("dense", "0", ",'attr':{'units':[2],'bias':[0]}")),
      "setting bias is not what its op makes of it" },
    { AFTER_DENSE(NODE("relu", "0", ",'attr':[]")),
      "\"attr\" must be an object" },
    { AFTER_DENSE(NODE("relu", "0",
                       ",'attr':{'a_name_of_thirty_two_characters_':[1]}")),
      "its name at most 31 bytes" },
    { AFTER_DENSE(NODE("relu", "0", ",'weight':2")), "is not a loss" },
    { AFTER_DENSE(NODE("relu", "1", "")), "labels" },
    { POOL("maxpool", ""), "the kernel is 0" },
    { POOL("maxpool", "'size':[2.5]"), "the kernel is -2147483648" },
    { POOL("avgpool", "'size':[1e300]"), "the kernel is -2147483648" },
    { POOL("avgpool", "'size':[2],'stride':[-1]"), "stride is -1" },
    { POOL("maxpool", "'size':[2],'padding':[2147483647]"), "padding is 2" },
    { POOL("maxpool", "'size':[2],'stride':[0]"), "setting stride is not" },
    { POOL("maxpool", "'size':[2]"), "setting stride is not" },
    { POOL("maxpool", "'size':[2],'stride':[2],'padding':[0]"),
      "tensor d.weight is not a parameter" },
    { POOL("global_avgpool", "'size':[2]"), "setting size is not" },
    { "[" INPUT "," NODE("maxpool", "0", ",'attr':{'size':[1]}") "]",
      "x has rank 1" },
    { "[" IMAGE "," NODE("avgpool", "0,0", ",'attr':{'size':[1]}") "]",
      "these 2 operands" },
    { "[" NODE("global_avgpool", "", "") "]", "" },
    { AFTER_DENSE(NODE("softmax_ce", "2", "")), "" },
    { AFTER_DENSE(NODE("softmax_ce", "2,2", "")), "" },
    { LOSS(",'weight':'2'"), "\"weight\" must be a number" },
    { LOSS(",'weight':1e999"), "real number overflow near '1e999'" },
    { LOSS(",'attr':{'reduction':[3]}"), "" },
    { LOSS(",'attr':{'reduction':[-1]}"), "" },
    { LOSS(",'attr':{'reduction':[0]}"), "setting reduction is not what" },
    { LOSS(",'attr':{'label_smoothing':[2]}"), "smoothing" },
    { LOSS(",'attr':{'class_weight':[1]}"), "got 1 class weights; must be 2" },
    { LOSS(",'attr':{'class_weight':[1,-1]}"), "class_weight[1] is -1" },
    { LOSS(",'attr':{'last_axis':[7]}"), "setting last_axis is not what" },
    { ELEMENTS("mse", "2,0", ""), NULL },
    { ELEMENTS("mse", "2", ""), "mse: operand 2 of 2 is NULL" },
    { ELEMENTS("mse", "", ""), "" },
    { ELEMENTS("mse", "2,1", ""), "the targets come from t;" },
    { ELEMENTS("mse", "2,0,0", ""), "must be a gradus_row_weights node" },
    { ELEMENTS("mse", "2,0,0,0", ""), "must be a gradus_row_weights node" },
    { ELEMENTS("mse", "2,0", ",'attr':{'reduction':[0.5]}"),
      "the reduction is -2147483648" },
    { ELEMENTS("mse", "2,0", ",'attr':{'delta':[1]}"),
      "setting delta is not what its op makes of it" },
    { ELEMENTS("mse", "2,0", ",'attr':{'delta':[0]}"), "setting delta is" },
    { ELEMENTS("huber", "2,0", ",'attr':{'delta':[2]}"), NULL },
    { ELEMENTS("huber", "2,0", ",'attr':{'delta':[-2]}"), "delta is -2" },
    { ELEMENTS("huber", "2,0", ",'attr':{'delta':[1,2]}"),
      "setting delta is" },
    { ELEMENTS("sigmoid_ce", "2,0", ",'attr':{'class_weight':[1,2]}"), NULL },
    { ELEMENTS("sigmoid_ce", "2", ""), "sigmoid_ce: operand 2 of 2 is NULL" },
    { ELEMENTS("sigmoid_ce", "", ",'attr':{'class_weight':[1]}"), "" },
    { ELEMENTS("sigmoid_ce", "2,1", ""), "the targets come from t;" },
    { ELEMENTS("sigmoid_ce", "2,0,0", ""), "a gradus_row_weights node" },
    { ELEMENTS("sigmoid_ce", "2,0", ",'attr':{'reduction':[-1]}"),
      "the reduction is -1" },
    { ELEMENTS("sigmoid_ce", "2,0", ",'attr':{'class_weight':[1]}"),
      "got 1 class weights; must be 2" },
    { ELEMENTS("sigmoid_ce", "2,0", ",'attr':{'class_weight':[1,-1]}"),
      "class_weight[1] is -1" },
    { "[{'op':'input','name':'x','in':[],'attr':{'shape':[]}}]",
      "must be a list" },
    { "[{'op':'input','name':'x','in':[],'attr':{'shape':[1,2]}}]", "shape" },
    { "[{'op':'input','name':'x','in':[],'attr':{'shape':[1,2,3,4]}}]",
      "shape" },
    { "[{'op':'input','name':'x','in':[],'attr':{'shape':"
      "[1e9,1e9,1e9]}}]", "shape" },
    { "[{'op':'input','name':'x','in':[],'attr':{'shape':[2],'mean':[0]}}]",
      "standard deviations" },
    { "[{'op':'input','name':'x','in':[],'attr':{'shape':[2],'mean':[0,0],"
      "'std':[1,1]}}]", "channel" },
    { "[{'op':'input','name':'x','in':[],'attr':{'shape':[2],'mean':[0],"
      "'std':[0]}}]", "channel 0" },
    { "[{'op':'labels','name':'x','in':[],'attr':{'positions':[0]}}]", "" },
    { "[{'op':'input','name':'a.b','in':[],'attr':{'shape':[2]}}]",
      "name \"a.b\"" },
    { "[{'op':'input','name':'','in':[],'attr':{'shape':[2]}}]", "name \"\"" },
    { "[{'op':'input','name':7,'in':[],'attr':{'shape':[2]}}]", "NULL" },
    { "[" INPUT "," INPUT "]", "another node is named x" },
};

/* Writes a file with d.weight [2,2], d.bias [2], these metadata and the right
 * checksum.  In the architecture, ' stands for \".  Returns the path. */
static const char *write_model(const char *seed, const char *architecture,
                               const char *more)
{
    const float data[] = { 1, 2, 3, 4, 5, 6 };
    char header[8192];
    int n = snprintf(header, sizeof header,
                     "{\"__metadata__\":{\"gradus.checksum\":\"00000000\","
                     "\"gradus.version\":\"1\",\"gradus.seed\":\"%s\","
                     "\"gradus.architecture\":\"", seed);

    for (const char *a = architecture; *a; a++)
        n += sprintf(header + n, "%s%c", *a == '\'' ? "\\" : "",
                     *a == '\'' ? '"' : *a);
    n += snprintf(header + n, sizeof header - (size_t)n,
                  "\"%s},\"d.weight\":{\"dtype\":\"F32\",\"shape\":[2,2],"
                  "\"data_offsets\":[0,16]},\"d.bias\":{\"dtype\":\"F32\","
                  "\"shape\":[2],\"data_offsets\":[16,24]}}", more);
    const char *path =
        write_safetensors("net", header, (size_t)n, data, sizeof data);
    contents c = read_whole(path);
    seal(c);
    files_write("net", c.byte, c.size);
    free(c.byte);
    return path;
}

EACH_TEST(.begin = files_begin, .end = files_end)

LOOP_TEST(an_architecture_that_cannot_be_built_is_an_error,
          COUNT(architectures))
{
    const char *wanted = architectures[_i].error;

    gradus_graph *g = gradus_load(
        write_model("1", architectures[_i].architecture, ""), 4, 1, NULL);
    if (wanted) {
        ck_assert_msg(g == NULL, "%s was loaded; must be refused",
                      architectures[_i].architecture);
        assert_error("net: ");
        assert_error(wanted);
    } else {
        ck_assert_msg(g != NULL, "%s", gradus_error());
    }
    gradus_graph_free(g);
}

static const struct {
    const char *seed, *more, *error;
} metadata[] = {
    { "18446744073709551615", "", NULL },
    { "18446744073709551616", "", "must be a whole number of 64 bits" },
    { "-1", "", "must be a whole number of 64 bits" },
    { " 1", "", "must be a whole number of 64 bits" },
    { "01", "", "must be a whole number of 64 bits" },
    { "", "", "must be a whole number of 64 bits" },
    { "1", ",\"gradus.classes\":\"[\\\"a\\\",\\\"b\\\"]\"", NULL },
    { "1", ",\"gradus.classes\":\"[1]\"", "class 0: the name is" },
    { "1", ",\"gradus.classes\":\"{\\\"a\\\":\\\"b\\\"}\"", "must be a list" },
    { "1", ",\"gradus.classes\":\"\\\"a\\\"\"", "'[' or '{' expected" },
    { "1", ",\"gradus.classes\":\"[\"",
      "gradus.classes, byte 1: ']' expected" },
    { "1", ",\"gradus.classes\":\"[\\\"\\\\u0000\\\"]\"", "\\u0000 is not" },
    { "1", ",\"gradus.seed\":\"1\"",
      "duplicate object key near '\"gradus.seed\"'" },
};

LOOP_TEST(malformed_metadata_are_an_error, COUNT(metadata))
{
    gradus_graph *g = gradus_load(
        write_model(metadata[_i].seed, LOSS(""), metadata[_i].more), 4, 1, NULL);
    if (metadata[_i].error) {
        ck_assert_msg(g == NULL, "seed %s with %s was loaded; must be refused",
                      metadata[_i].seed, metadata[_i].more);
        assert_error(metadata[_i].error);
    } else {
        ck_assert_msg(g != NULL, "%s", gradus_error());
    }
    gradus_graph_free(g);
}

LOOP_TEST(another_version_or_missing_metadata_are_an_error, 4)
{
    static const char *const cases[][3] = {
        { "gradus.version\":\"1", "gradus.version\":\"2", "is 2; must be 1" },
        { "gradus.version", "gradus.versiom",
          "__metadata__: Object item not found: gradus.version" },
        { "gradus.seed", "gradus.sead",
          "__metadata__: Object item not found: gradus.seed" },
        { "gradus.arch", "gradus.erch",
          "__metadata__: Object item not found: gradus.architecture" },
    };
    const char *path = write_model("1", LOSS(""), "");
    contents c = read_whole(path);
    char *at = strstr((char *)c.byte + 8, cases[_i][0]);
    memcpy(at, cases[_i][1], strlen(cases[_i][1]));
    seal(c);
    files_write("net", c.byte, c.size);
    ck_assert_ptr_null(gradus_load(path, 4, 1, NULL));
    assert_error(cases[_i][2]);
    free(c.byte);
}
