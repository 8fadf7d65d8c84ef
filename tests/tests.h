/* tests.h -- the suites, one a file; main.c runs them. */
#ifndef TESTS_H
#define TESTS_H

#include <check.h>
#include <gradus_layer.h>
#include <string.h>

/* The last error contains this text. */
#define assert_error(text)                                                  \
    ck_assert_msg(strstr(gradus_error(), text) != NULL,                     \
                  "no \"%s\" in the message \"%s\"", text, gradus_error())

Suite *suite_random(void);
Suite *suite_gemm(void);
Suite *suite_battery(void);
Suite *suite_dense(void);
Suite *suite_relu(void);
Suite *suite_augment(void);
Suite *suite_conv2d(void);
TCase *conv_ways(void); /* parts of suite_conv2d */
TCase *conv2d_absorbed(void);
Suite *suite_dropout(void);
Suite *suite_embedding(void);
Suite *suite_norms(void);
Suite *suite_activations(void);
Suite *suite_softmax(void);
Suite *suite_add(void);
Suite *suite_concat(void);
Suite *suite_reshape(void);
Suite *suite_residual(void);
Suite *suite_pooling(void);
Suite *suite_input(void);
TCase *input_refused(void); /* parts of suite_input */
TCase *input_fed_wrongly(void);
Suite *suite_softmax_ce(void);
TCase *softmax_ce_extremes(void); /* parts of suite_softmax_ce */
TCase *softmax_ce_the_long_way(void);
TCase *softmax_ce_never_silent(void);
TCase *softmax_ce_training_errors(void);
TCase *softmax_ce_refused(void);
Suite *suite_regression(void);
Suite *suite_sigmoid_ce(void);
Suite *suite_losses(void);
Suite *suite_sgd(void);
Suite *suite_optimisers(void);
TCase *optimisers_groups(void); /* parts of suite_optimisers */
TCase *optimisers_clip(void);
Suite *suite_schedule(void);
Suite *suite_pool(void);
Suite *suite_graph(void);
TCase *graph_initialised(void); /* parts of suite_graph */
TCase *graph_refused(void);
Suite *suite_step(void);
TCase *step_errors(void); /* a part of suite_step */
Suite *suite_fit(void);
TCase *fit_errors(void); /* parts of suite_fit */
TCase *fit_best(void);
TCase *fit_log(void);
TCase *fit_next(void);
Suite *suite_evaluate(void);
Suite *suite_infer(void);
Suite *suite_misuse(void);
TCase *misuse_out_of_memory(void); /* a part of suite_misuse */
Suite *suite_idx(void);
TCase *idx_mnist(void); /* a part of suite_idx */
Suite *suite_csv(void);
Suite *suite_split(void);
Suite *suite_image(void);
TCase *image_refused(void); /* parts of suite_image */
TCase *image_folder(void);
Suite *suite_model(void);
Suite *suite_old_models(void);
Suite *suite_architecture(void);
Suite *suite_safetensors(void);
Suite *suite_atomic(void);

#endif
