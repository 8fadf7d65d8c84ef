/* main.c -- runs every suite, or the one named on the command line. */
#include "tests.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    Suite *(*const suites[])(void) = {
        suite_battery,      suite_embedding,
        suite_random,       suite_pool,         suite_graph,
        suite_dense,        suite_relu,         suite_input,
        suite_softmax_ce,   suite_regression,   suite_sigmoid_ce,
        suite_losses,       suite_sgd,          suite_step,
        suite_fit,          suite_evaluate,     suite_infer,
        suite_misuse,       suite_idx,          suite_image,
        suite_split,        suite_csv,          suite_safetensors,
        suite_architecture, suite_model,        suite_atomic,
        suite_conv2d,       suite_dropout,      suite_norms,
        suite_augment,      suite_activations,  suite_softmax,
        suite_add,          suite_concat,       suite_reshape,
        suite_residual,     suite_optimisers,   suite_schedule,
        suite_pooling,      suite_gemm,         suite_old_models,
    };
    SRunner *runner = srunner_create(NULL);

    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run(runner, argc > 1 ? argv[1] : NULL, NULL, CK_ENV);
    int run = srunner_ntests_run(runner);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return run && !failed ? EXIT_SUCCESS : EXIT_FAILURE; /* no such suite? */
}
