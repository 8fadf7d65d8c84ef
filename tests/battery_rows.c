/* battery_rows.c -- the table of the battery: every layer and every loss, with
 * settings that take different ways through the code.  A new layer gets its
 * rows here. */
#include "battery.h"

#include <limits.h>

/* BUILD defines a function that makes the node of a row from x.  ROW begins
 * the row that is named after such a function. */
#define BUILD(name, ...)                                                    \
    static gradus_node *name(gradus_node *x) { return __VA_ARGS__; }
#define ROW(name) #name, name

#define VECTOR(size) .rank = 1, .shape = { size }
#define IMAGE(channels, height, width)                                       \
    .rank = 3, .shape = { channels, height, width }

#define MIXES_ROWS                                                          \
    .why_not = { [ALONE] = "in training, it mixes the rows of a batch" }

/* ---- data ------------------------------------------------------------ */

static gradus_node *normalised(gradus_node *x)
{
    const double mean[] = { 0.2, -1, 0.5 }, std[] = { 0.5, 4, 2 };

    return gradus_normalise(x, mean, std) ? NULL : x;
}

static gradus_node *standardised(gradus_node *x)
{
    double mean[40], std[40];

    for (int k = 0; k < 40; k++) {
        mean[k] = k / 40. - 0.3;
        std[k] = 0.5 + k / 20.;
    }
    return gradus_standardise(x, mean, std, NULL) ? NULL : x;
}

static gradus_node *augmented(gradus_node *x)
{
    const gradus_augment_options some = {
        .shift = 1, .rotate = 9, .scale = 0.1, .elastic = 5, .flip = 1
    };

    return gradus_augment(x, &some) ? NULL : x;
}

BUILD(fed, x)
BUILD(fed_pixels, x)
BUILD(normalised_pixels, normalised(x))
BUILD(augmented_pixels, augmented(normalised(x)))
BUILD(embedding, gradus_embedding(x, BATTERY_TOKENS, 3))
BUILD(embedding_in_tiles, gradus_embedding(x, 700, 100))

/* ---- dense and functions of each number ------------------------------ */

BUILD(dense, gradus_dense(x, 5))
BUILD(dense_first, gradus_dense(x, 5))
BUILD(dense_of_images, gradus_dense(x, 5))
BUILD(dense_in_tiles, gradus_dense(x, 35))
BUILD(dense_by_units, gradus_dense(x, 260))
BUILD(dense_twice, gradus_dense(gradus_dense(x, 5), 6))
BUILD(relu_twice, gradus_relu(gradus_dense(gradus_relu(x), 20)))
BUILD(leaky_relu, gradus_leaky_relu(x, 0.25))
BUILD(leaky_relu_up, gradus_leaky_relu(x, -2))
BUILD(leaky_relu_flat, gradus_leaky_relu(x, 0))
BUILD(softmax_of_axis_1, gradus_softmax(gradus_reshape(x, 2,
                                                       (int[]){ -1, 5 })))
BUILD(softmax_twice, gradus_softmax(gradus_dense(gradus_softmax(x), 20)))

/* ---- convolutions, and the nodes that are fused into them ------------- */

#define CONV(x, channels, kernel, ...)                                      \
    gradus_conv2d(x, channels, kernel, &(gradus_conv2d_options){ __VA_ARGS__ })
#define MAX2(x) gradus_maxpool2d(x, 2, NULL)
#define POOL(what, x, kernel, stride, padding)                              \
    gradus_##what##pool2d(x, kernel,                                        \
                          &(gradus_pool2d_options){ stride, padding })
#define RELU(x) gradus_relu(x)

BUILD(conv_3, CONV(x, 3, 3, 0))
BUILD(conv_3_first, CONV(x, 3, 3, 0))
BUILD(conv_3_padded, CONV(x, 4, 3, .padding = 1))
BUILD(conv_3_stride, CONV(x, 3, 3, .stride = 2, .padding = 1))
BUILD(conv_3_stride_first, CONV(x, 3, 3, .stride = 2))
BUILD(conv_1, CONV(x, 4, 1, 0))
BUILD(conv_1_stride, CONV(x, 4, 1, .stride = 2))
BUILD(conv_1_groups, CONV(x, 4, 1, .groups = 2))
BUILD(conv_3_groups, CONV(x, 6, 3, .groups = 2, .padding = 2))
BUILD(conv_depthwise, CONV(x, 3, 3, .groups = 3, .padding = 1))
BUILD(conv_5_no_bias, CONV(x, 4, 5, .stride = 3, .padding = 4, .no_bias = 1))
BUILD(conv_11_channels, CONV(x, 11, 3, .padding = 1))
BUILD(conv_one_channel, CONV(x, 1, 3, 0))
BUILD(conv_whole_image, CONV(x, 3, 2, 0))
BUILD(conv_of_a_pixel, CONV(x, 2, 3, .padding = 1))
BUILD(conv_stride_most, CONV(x, 2, 3, .stride = INT_MAX, .padding = 2))
BUILD(conv_wide, CONV(x, 2, 3, .padding = 1))
BUILD(conv_relu, RELU(CONV(x, 2, 3, 0)))
BUILD(conv_relu_first, RELU(CONV(x, 2, 3, 0)))
BUILD(conv_max, MAX2(CONV(x, 2, 3, 0)))
BUILD(conv_relu_max, MAX2(RELU(CONV(x, 3, 3, .padding = 1))))
BUILD(conv_relu_max_first, MAX2(RELU(CONV(x, 3, 3, .padding = 1))))
BUILD(conv_max_relu, RELU(MAX2(CONV(x, 3, 3, .padding = 1))))
BUILD(conv_groups_relu_max,
      MAX2(RELU(CONV(x, 6, 3, .groups = 2, .padding = 2))))
BUILD(conv_depthwise_relu, RELU(CONV(x, 3, 3, .groups = 3, .no_bias = 1)))
BUILD(conv_depthwise_max, MAX2(CONV(x, 3, 3, .groups = 3, .no_bias = 1)))
BUILD(conv_11_channels_max, MAX2(CONV(x, 11, 2, .no_bias = 1)))
BUILD(conv_7_relu_max, MAX2(RELU(CONV(x, 1, 7, .padding = 3))))
BUILD(conv_3_relu_max, MAX2(RELU(CONV(x, 1, 3, 0))))
BUILD(conv_5_relu_max, MAX2(RELU(CONV(x, 2, 5, .padding = 2))))
BUILD(conv_9_channels_relu, RELU(CONV(x, 9, 5, .padding = 2)))
BUILD(conv_4_max_relu, RELU(MAX2(CONV(x, 5, 4, .padding = 1))))
BUILD(conv_twice_relu_max,
      MAX2(RELU(CONV(MAX2(RELU(CONV(x, 3, 3, 0))), 4, 2, 0))))
BUILD(conv_8_channels, CONV(x, 8, 3, .padding = 1))
BUILD(conv_8_channels_groups, CONV(x, 16, 3, .groups = 2, .padding = 1))
BUILD(conv_8_channels_5_relu, RELU(CONV(x, 9, 5, .padding = 2)))
BUILD(conv_8_channels_4, CONV(x, 8, 4, .no_bias = 1))

BUILD(conv_9_channels_stride,
      RELU(CONV(x, 9, 3, .stride = 2, .padding = 1)))

/* ---- pools ----------------------------------------------------------- */

BUILD(maxpool_2, gradus_maxpool2d(x, 2, NULL))
BUILD(maxpool_3_overlapping, POOL(max, x, 3, 2, 1))
BUILD(maxpool_3_everywhere, POOL(max, x, 3, 1, 1))
BUILD(maxpool_2_apart, POOL(max, x, 2, 3, 0))
BUILD(maxpool_5, POOL(max, x, 5, 1, 2))
BUILD(maxpool_padded, POOL(max, x, 2, 1, 1))
BUILD(avgpool_2, gradus_avgpool2d(x, 2, NULL))
BUILD(avgpool_3_overlapping, POOL(avg, x, 3, 2, 1))
BUILD(avgpool_3_everywhere, POOL(avg, x, 3, 1, 1))
BUILD(avgpool_2_apart, POOL(avg, x, 2, 3, 0))
BUILD(avgpool_5, POOL(avg, x, 5, 1, 2))
BUILD(avgpool_padded, POOL(avg, x, 2, 1, 1))
BUILD(pools_in_a_row,
      gradus_dense(gradus_global_avgpool2d(
          POOL(avg, POOL(max, MAX2(x), 3, 1, 1), 3, 2, 1)), 2))

/* ---- norms, dropout, several operands -------------------------------- */

BUILD(dropout, gradus_dropout(x, 0.4))
BUILD(batchnorm_relu, RELU(gradus_batchnorm(x)))
BUILD(batchnorm_relu_max,
      MAX2(RELU(gradus_batchnorm(CONV(x, 8, 3, .padding = 1)))))
BUILD(batchnorm_between_units,
      gradus_dense(gradus_add(gradus_batchnorm(gradus_dense(x, 80)),
                              gradus_dense(x, 80)), 80))
BUILD(add, gradus_add(x, gradus_tanh(x)))
BUILD(add_to_itself, gradus_add(x, x))
BUILD(add_relu, RELU(gradus_add(x, gradus_tanh(x))))
BUILD(add_to_itself_relu, RELU(gradus_add(x, x)))
BUILD(concat, gradus_concat(3, (gradus_node *[]){
                  gradus_tanh(x), gradus_dense(x, 4), x }))
BUILD(concat_with_itself, gradus_concat(2, (gradus_node *[]){ x, x }))
BUILD(concat_channels, gradus_concat(2, (gradus_node *[]){
                           gradus_conv2d(x, 3, 1, NULL), x }))
BUILD(reshape, gradus_reshape(x, 2, (int[]){ 6, -1 }))
BUILD(reshape_to_images, gradus_reshape(x, 3, (int[]){ 2, 3, -1 }))

/* h + silu(dense(h)), where h = tanh(dense(x)), and then several functions of
 * that sum side by side. */
static gradus_node *branches(gradus_node *x)
{
    gradus_node *h = gradus_tanh(gradus_dense(x, 12)), *s;

    h = gradus_add(h, gradus_silu(gradus_dense(h, 12)));
    s = gradus_softmax(gradus_reshape(gradus_dense(h, 12), 2,
                                      (int[]){ -1, 6 }));
    return gradus_dense(gradus_concat(5, (gradus_node *[]){
        gradus_gelu(gradus_dense(h, 12)), gradus_flatten(s),
        gradus_leaky_relu(h, 0.1), gradus_sigmoid(h), gradus_flatten(x) }), 3);
}

/* Two batch normalisations, each of which mixes the rows of the batch, and a
 * branch that goes around the second one. */
static gradus_node *mixed_twice(gradus_node *x)
{
    gradus_node *first = gradus_batchnorm(gradus_conv2d(x, 5, 3, NULL));
    gradus_node *h = gradus_dense(gradus_relu(first), 6);

    h = gradus_batchnorm(gradus_dense(gradus_layernorm(h), 6));
    return gradus_add(gradus_dense(gradus_dropout(h, 0.3), 3),
                      gradus_dense(first, 3));
}

/* A residual block: its first value has two users, and all its ops set the
 * gradients that they are the first to contribute to. */
static gradus_node *residual(gradus_node *x)
{
    gradus_node *h = RELU(gradus_batchnorm(CONV(x, 3, 3, .padding = 1)));
    gradus_node *f = RELU(gradus_batchnorm(CONV(h, 3, 3, .padding = 1)));

    f = gradus_batchnorm(CONV(f, 3, 3, .padding = 1));
    return gradus_dense(MAX2(RELU(gradus_add(h, f))), 3);
}

/* ---- losses ---------------------------------------------------------- */

#define ROW_WEIGHT .row_weight = gradus_row_weights(x->graph)

static const double class_weight[] = { 0.5, 2, 1.25, 0, 0.1, 4.9e-324 };

static gradus_node *targets(gradus_node *x)
{
    return gradus_input(x->graph, x->size);
}

/* C leaves open in which order the arguments of a call are evaluated.  These
 * functions make the targets after the row weights, which are an argument, so
 * that a net is the same whatever compiles it. */
static gradus_node *mse_of(gradus_node *x, gradus_mse_options o)
{
    return gradus_mse(x, targets(x), &o);
}

static gradus_node *huber_of(gradus_node *x, gradus_huber_options o)
{
    return gradus_huber(x, targets(x), &o);
}

static gradus_node *sigmoid_ce_of(gradus_node *x, gradus_sigmoid_ce_options o)
{
    return gradus_sigmoid_ce(x, targets(x), &o);
}

/* The targets are one label at each position. */
static gradus_node *softmax_ce_of(gradus_node *x, int positions,
                                  gradus_softmax_ce_options o)
{
    return gradus_softmax_ce(x, gradus_labels(x->graph, positions), &o);
}

/* The targets are one distribution at each position of an image. */
static gradus_node *softmax_ce_of_images(gradus_node *x,
                                         gradus_softmax_ce_options o)
{
    const int *shape = x->shape;

    return gradus_softmax_ce(
        x, gradus_image(x->graph, shape[0], shape[1], shape[2]), &o);
}

#define MSE(...) mse_of(x, (gradus_mse_options){ __VA_ARGS__ })
#define HUBER(...) huber_of(x, (gradus_huber_options){ __VA_ARGS__ })
#define SIGMOID_CE(...)                                                     \
    sigmoid_ce_of(x, (gradus_sigmoid_ce_options){ __VA_ARGS__ })
#define SOFTMAX_CE(positions, ...)                                          \
    softmax_ce_of(x, positions, (gradus_softmax_ce_options){ __VA_ARGS__ })
#define SOFTMAX_CE_OF_IMAGES(...)                                           \
    softmax_ce_of_images(x, (gradus_softmax_ce_options){ __VA_ARGS__ })

BUILD(mse, MSE(0))
BUILD(mse_batch, MSE(.reduction = GRADUS_REDUCE_MEAN_BATCH, ROW_WEIGHT))
BUILD(mse_sum, MSE(.reduction = GRADUS_REDUCE_SUM, ROW_WEIGHT))
BUILD(mse_weighted, MSE(ROW_WEIGHT))
BUILD(huber, HUBER(0))
BUILD(huber_batch, HUBER(.reduction = GRADUS_REDUCE_MEAN_BATCH, .delta = 0.7))
BUILD(huber_sum, HUBER(.reduction = GRADUS_REDUCE_SUM, .delta = 2))
BUILD(huber_weighted, HUBER(ROW_WEIGHT, .delta = 0.7))
BUILD(sigmoid_ce, SIGMOID_CE(0))
BUILD(sigmoid_ce_batch, SIGMOID_CE(.reduction = GRADUS_REDUCE_MEAN_BATCH))
BUILD(sigmoid_ce_sum, SIGMOID_CE(.reduction = GRADUS_REDUCE_SUM, ROW_WEIGHT))
BUILD(sigmoid_ce_weighted, SIGMOID_CE(ROW_WEIGHT))
BUILD(sigmoid_ce_classes, SIGMOID_CE(.class_weight = class_weight))
BUILD(sigmoid_ce_images,
      SIGMOID_CE(.class_weight = class_weight, ROW_WEIGHT))
BUILD(softmax_ce, SOFTMAX_CE(1, 0))
BUILD(softmax_ce_batch, SOFTMAX_CE(1, .reduction = GRADUS_REDUCE_MEAN_BATCH))
BUILD(softmax_ce_sum, SOFTMAX_CE(1, .reduction = GRADUS_REDUCE_SUM))
BUILD(softmax_ce_smoothed, SOFTMAX_CE(1, .label_smoothing = 0.2))
BUILD(softmax_ce_ignoring,
      SOFTMAX_CE(1, .use_ignore_label = 1, .ignore_label = 3))
BUILD(softmax_ce_classes, SOFTMAX_CE(8, .class_weight = class_weight))
BUILD(softmax_ce_weighted, SOFTMAX_CE(1, ROW_WEIGHT))
BUILD(softmax_ce_positions, SOFTMAX_CE(12, 0))
BUILD(softmax_ce_last_axis, SOFTMAX_CE(12, .last_axis = 1))
BUILD(softmax_ce_everything,
      SOFTMAX_CE(12, .label_smoothing = 0.3, .class_weight = class_weight,
                 .use_ignore_label = 1, .ignore_label = 3, ROW_WEIGHT))
BUILD(softmax_ce_targets, gradus_softmax_ce(x, targets(x), NULL))
BUILD(softmax_ce_image_targets,
      SOFTMAX_CE_OF_IMAGES(.class_weight = class_weight, ROW_WEIGHT))
BUILD(softmax_ce_axis_targets, SOFTMAX_CE_OF_IMAGES(.last_axis = 1))

/* ---- all of them ----------------------------------------------------- */

#define DROPS                                                               \
    .why_not = { [ALONE] = "its random numbers depend on the row's place "  \
                           "in the batch" }
#define TOO_MANY                                                            \
    .why_not = { [GRADIENTS] = "too slow with this many parameters" }

const battery_row battery_rows[] = {
    { ROW(fed), VECTOR(40) },
    { "image", fed, IMAGE(2, 4, 5) },
    { ROW(normalised), IMAGE(3, 4, 5) },
    { ROW(standardised), VECTOR(40) },
    { "standardised_pixels", standardised, VECTOR(40), .data = PIXELS },
    { ROW(fed_pixels), VECTOR(40), .data = PIXELS },
    { ROW(normalised_pixels), IMAGE(3, 4, 5), .data = PIXELS },
    { ROW(augmented), IMAGE(2, 9, 7),
      .why_not = { [GRADIENTS] = "the gradient is that of the changed image",
                   [NAMED] = "the changes move a NaN to other pixels" } },
    { ROW(augmented_pixels), IMAGE(3, 9, 7), .data = PIXELS,
      .why_not = { [GRADIENTS] = "the gradient is that of the changed image" } },
    { ROW(embedding), VECTOR(12), .data = TOKENS, .no_gradient = 1 },
    { ROW(embedding_in_tiles), VECTOR(12), .data = TOKENS, .no_gradient = 1,
      TOO_MANY },

    { ROW(dense), VECTOR(30) },
    { ROW(dense_first), VECTOR(30), .no_gradient = 1 },
    { ROW(dense_of_images), IMAGE(2, 4, 5) },
    { ROW(dense_in_tiles), VECTOR(2050), .rows = 150, TOO_MANY },
    { ROW(dense_by_units), VECTOR(20), .rows = 128, .no_gradient = 1 },
    { ROW(dense_twice), VECTOR(30) },
    { "relu", gradus_relu, VECTOR(40) },
    { "relu_of_images", gradus_relu, IMAGE(2, 4, 5) },
    { ROW(relu_twice), VECTOR(20) },
    { ROW(leaky_relu), VECTOR(40) },
    { ROW(leaky_relu_up), VECTOR(40) },
    { ROW(leaky_relu_flat), IMAGE(2, 4, 5) },
    { "sigmoid", gradus_sigmoid, VECTOR(40) },
    { "tanh", gradus_tanh, VECTOR(40) },
    { "gelu", gradus_gelu, VECTOR(40) },
    { "silu", gradus_silu, VECTOR(40) },
    { "softmax", gradus_softmax, VECTOR(40) },
    { "softmax_of_images", gradus_softmax, IMAGE(2, 4, 5) },
    { ROW(softmax_of_axis_1), VECTOR(40) },
    { ROW(softmax_twice), VECTOR(40) },

    { ROW(conv_3), IMAGE(1, 9, 8) },
    { ROW(conv_3_first), IMAGE(1, 9, 8), .no_gradient = 1 },
    { ROW(conv_3_padded), IMAGE(2, 5, 6) },
    { ROW(conv_3_stride), IMAGE(2, 7, 5) },
    { ROW(conv_3_stride_first), IMAGE(2, 7, 5), .no_gradient = 1 },
    { ROW(conv_1), IMAGE(3, 4, 4) },
    { ROW(conv_1_stride), IMAGE(2, 4, 7) },
    { ROW(conv_1_groups), IMAGE(4, 3, 3) },
    { ROW(conv_3_groups), IMAGE(4, 5, 5) },
    { ROW(conv_depthwise), IMAGE(3, 6, 6) },
    { ROW(conv_5_no_bias), IMAGE(2, 8, 8) },
    { ROW(conv_11_channels), IMAGE(2, 6, 6) },
    { "conv_of_11_channels", conv_3_padded, IMAGE(11, 5, 6) },
    { ROW(conv_wide), IMAGE(2, 3, 35) },
    { "conv_large", conv_one_channel, IMAGE(1, 45, 25) },
    { ROW(conv_whole_image), IMAGE(1, 2, 2), .rows = 1500 },
    { ROW(conv_of_a_pixel), IMAGE(1, 1, 1), .rows = 1500 },
    { ROW(conv_stride_most), IMAGE(1, 3, 3), .rows = 1500 },
    { ROW(conv_relu), IMAGE(2, 5, 5) },
    { ROW(conv_relu_first), IMAGE(2, 5, 5), .no_gradient = 1 },
    { ROW(conv_max), IMAGE(1, 8, 6) },
    { ROW(conv_relu_max), IMAGE(2, 5, 7) },
    { ROW(conv_relu_max_first), IMAGE(2, 5, 7), .no_gradient = 1 },
    { ROW(conv_max_relu), IMAGE(2, 5, 7) },
    { ROW(conv_groups_relu_max), IMAGE(4, 6, 5) },
    { ROW(conv_depthwise_relu), IMAGE(3, 6, 6) },
    { ROW(conv_depthwise_max), IMAGE(3, 6, 6) },
    { ROW(conv_11_channels_max), IMAGE(3, 7, 8) },
    { ROW(conv_7_relu_max), IMAGE(2, 18, 35) },
    { ROW(conv_3_relu_max), IMAGE(1, 45, 27) },
    { ROW(conv_5_relu_max), IMAGE(1, 4, 30) },
    { ROW(conv_8_channels), IMAGE(8, 5, 4) },
    { "conv_8_channels_first", conv_8_channels, IMAGE(8, 5, 4),
      .no_gradient = 1 },
    { ROW(conv_8_channels_groups), IMAGE(16, 4, 4) },
    { ROW(conv_8_channels_5_relu), IMAGE(8, 5, 6) },
    { ROW(conv_8_channels_4), IMAGE(9, 6, 6) },
    { ROW(conv_9_channels_stride), IMAGE(8, 7, 6) },
    { ROW(conv_9_channels_relu), IMAGE(2, 5, 5) },
    { ROW(conv_4_max_relu), IMAGE(3, 9, 40) },
    { ROW(conv_twice_relu_max), IMAGE(2, 10, 10) },

    { ROW(maxpool_2), IMAGE(2, 5, 6) },
    { ROW(maxpool_3_overlapping), IMAGE(2, 5, 6) },
    { ROW(maxpool_3_everywhere), IMAGE(2, 5, 6) },
    { ROW(maxpool_2_apart), IMAGE(2, 5, 9) },
    { ROW(maxpool_5), IMAGE(2, 5, 6) },
    { ROW(maxpool_padded), IMAGE(2, 5, 6) },
    { ROW(avgpool_2), IMAGE(2, 5, 6) },
    { ROW(avgpool_3_overlapping), IMAGE(2, 5, 6) },
    { ROW(avgpool_3_everywhere), IMAGE(2, 5, 6) },
    { ROW(avgpool_2_apart), IMAGE(2, 5, 9) },
    { ROW(avgpool_5), IMAGE(2, 5, 6) },
    { ROW(avgpool_padded), IMAGE(2, 5, 6) },
    { "global_avgpool", gradus_global_avgpool2d, IMAGE(3, 5, 6) },
    { ROW(pools_in_a_row), IMAGE(2, 14, 15) },

    { "layernorm", gradus_layernorm, VECTOR(40) },
    { "layernorm_of_images", gradus_layernorm, IMAGE(2, 4, 5) },
    { "batchnorm", gradus_batchnorm, VECTOR(40), MIXES_ROWS },
    { "batchnorm_of_images", gradus_batchnorm, IMAGE(2, 5, 7), MIXES_ROWS },
    { ROW(batchnorm_relu), VECTOR(20), MIXES_ROWS },
    { "batchnorm_relu_of_images", batchnorm_relu, IMAGE(2, 5, 7),
      MIXES_ROWS },
    { ROW(batchnorm_relu_max), IMAGE(8, 4, 4), MIXES_ROWS },
    { ROW(residual), IMAGE(2, 5, 6), MIXES_ROWS },
    { ROW(batchnorm_between_units), VECTOR(3), .rows = 34, .no_gradient = 1,
      MIXES_ROWS },
    { ROW(mixed_twice), IMAGE(2, 4, 4), MIXES_ROWS },
    { ROW(dropout), VECTOR(40), DROPS },
    { ROW(add), VECTOR(30) },
    { ROW(add_to_itself), IMAGE(2, 4, 5) },
    { ROW(add_relu), VECTOR(30) },
    { ROW(add_to_itself_relu), IMAGE(2, 4, 5) },
    { ROW(branches), IMAGE(3, 2, 2) },
    { ROW(concat), VECTOR(20) },
    { ROW(concat_with_itself), VECTOR(30) },
    { ROW(concat_channels), IMAGE(2, 4, 5) },
    { ROW(reshape), VECTOR(30) },
    { ROW(reshape_to_images), VECTOR(30) },
    { "flatten", gradus_flatten, IMAGE(2, 4, 5) },

    { ROW(mse), VECTOR(30) },
    { ROW(mse_batch), VECTOR(30) },
    { ROW(mse_sum), VECTOR(30) },
    { ROW(mse_weighted), IMAGE(2, 4, 5) },
    { ROW(huber), VECTOR(30) },
    { ROW(huber_batch), VECTOR(30) },
    { ROW(huber_sum), VECTOR(30) },
    { ROW(huber_weighted), IMAGE(2, 4, 5) },
    { ROW(sigmoid_ce), VECTOR(30) },
    { ROW(sigmoid_ce_batch), VECTOR(30) },
    { ROW(sigmoid_ce_sum), VECTOR(30) },
    { ROW(sigmoid_ce_weighted), VECTOR(30) },
    { ROW(sigmoid_ce_classes), IMAGE(6, 4, 2) },
    { ROW(sigmoid_ce_images), IMAGE(2, 4, 5) },
    { ROW(softmax_ce), VECTOR(60), .labels = 60 },
    { ROW(softmax_ce_batch), VECTOR(60), .labels = 60 },
    { ROW(softmax_ce_sum), VECTOR(60), .labels = 60 },
    { ROW(softmax_ce_smoothed), VECTOR(60), .labels = 60 },
    { ROW(softmax_ce_ignoring), VECTOR(60), .labels = 4 },
    { ROW(softmax_ce_classes), IMAGE(6, 4, 2), .labels = 6 },
    { ROW(softmax_ce_weighted), VECTOR(60), .labels = 60 },
    { ROW(softmax_ce_positions), IMAGE(3, 4, 3), .labels = 3 },
    { ROW(softmax_ce_last_axis), IMAGE(4, 3, 3), .labels = 3 },
    { ROW(softmax_ce_everything), IMAGE(3, 4, 3), .labels = 4 },
    { ROW(softmax_ce_targets), VECTOR(30) },
    { ROW(softmax_ce_image_targets), IMAGE(3, 4, 3) },
    { ROW(softmax_ce_axis_targets), IMAGE(4, 3, 3) },
};

int battery_count(void)
{
    return (int)(sizeof battery_rows / sizeof *battery_rows);
}
