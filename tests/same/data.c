/* data.c -- what the library computes beside nets: matrix products, random
 * numbers, images from files, splits, and the check of gradients. */
#include "same.h"

#include <inttypes.h>
#include <stdlib.h>

static void print(const char *what, uint64_t h)
{
    printf("%s %s: %016" PRIx64 "\n", what, same_precision(), h);
}

/* ---- random numbers --------------------------------------------------- */

static void print_random(void)
{
    gradus_random r;
    uint64_t h = SAME_FNV;

    gradus_random_init(&r, 12345, 6, 7);
    for (int i = 0; i < 1000; i++) {
        double v[4];
        v[0] = gradus_random_uniform(&r);
        v[1] = gradus_random_normal(&r);
        v[2] = gradus_random_below(&r, 1000);
        v[3] = gradus_random_u32(&r);
        h = same_hash(h, v, sizeof v);
    }
    print("random", h);
}

/* ---- matrix products -------------------------------------------------- */

enum { MOST = 300 };

static gradus_real A[MOST * MOST], B[MOST * MOST], C[MOST * MOST];

static void fill(gradus_real *v, uint32_t name)
{
    gradus_random r;

    gradus_random_init(&r, 3, name, 0);
    for (int i = 0; i < MOST * MOST; i++)
        v[i] = (gradus_real)(2 * gradus_random_uniform(&r) - 1);
}

/* Prints the hash of C = op(A) op(B), and of C += op(A) op(B), for each choice
 * of transposes, where C is [m,n].  Rows lie MOST numbers apart. */
static void print_product(int m, int n, int k)
{
    uint64_t h = SAME_FNV;

    for (int how = 0; how < 8; how++) {
        int a = how & 1 ? GRADUS_GEMM_T : GRADUS_GEMM_N;
        int b = how & 2 ? GRADUS_GEMM_T : GRADUS_GEMM_N;
        fill(C, 2);
        gradus_gemm(a, b, m, n, k, A, MOST, B, MOST, how & 4 ? 1 : 0, C,
                    MOST);
        h = same_hash(h, C, sizeof C);
    }
    printf("products %d x %d x %d %s: %016" PRIx64 "\n", m, n, k,
           same_precision(), h);
}

static void print_products(void)
{
    static const int size[][3] = {
        { 1, 1, 1 }, { 1, 300, 7 }, { 64, 10, 128 }, { 17, 33, 65 },
        { 300, 300, 300 }, { 128, 64, 300 }, { 40, 129, 31 }, { 10, 5, 290 },
    };

    fill(A, 0);
    fill(B, 1);
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        print_product(size[i][0], size[i][1], size[i][2]);
}

/* ---- images ----------------------------------------------------------- */

static void print_image(const char *path, int channels, int size)
{
    uint8_t *pixel = calloc((size_t)(channels * size * size), 1);

    same_must(pixel && !gradus_load_image(path, channels, size, size, pixel),
              path);
    printf("%s %d x %d x %d %s: %016" PRIx64 "\n", path, channels, size, size,
           same_precision(),
           same_hash(SAME_FNV, pixel, (size_t)(channels * size * size)));
    free(pixel);
}

static uint64_t hash_dataset(const gradus_dataset *d)
{
    uint64_t h = same_hash(SAME_FNV, d->labels, d->n * sizeof *d->labels);

    return same_hash(h, d->pixels, d->n * (size_t)d->size);
}

static void print_mnist(void)
{
    gradus_dataset *d = gradus_load_mnist("data/sample", "t10k");
    gradus_dataset train, valid;
    double weight[10];

    same_must(d && !gradus_split(d, 0.3, 5, NULL, &train, &valid) &&
              !gradus_class_weights(d, 10, weight), "data/sample");
    print("sample", hash_dataset(d));
    print("split train", hash_dataset(&train));
    print("split valid", hash_dataset(&valid));
    print("class weights", same_hash(SAME_FNV, weight, sizeof weight));
    gradus_dataset_free(&train);
    gradus_dataset_free(&valid);
    gradus_dataset_free(d);
}

/* ---- the check of gradients ------------------------------------------- */

static void print_check(void)
{
    same_model m = { .g = gradus_graph_new(3) };
    gradus_node *h = same_image(&m, REALS, 2, 6, 6);

    h = gradus_conv2d(h, 4, 3, NULL);
    h = gradus_dense(gradus_silu(gradus_batchnorm(h)), 5);
    gradus_softmax_ce(h, same_labels(&m, 1, 5), NULL);
    same_must(!gradus_compile(m.g, 4, 1), "check");
    same_feed(&m, 4);
    double worst = gradus_check_gradients(m.g, 4, 1e-3, NULL);
    printf("check %s: %a\n", same_precision(), worst);
    same_free(&m);
}

int same_data(void)
{
    print_random();
    print_products();
    print_check();
    print_mnist();
    print_image("data/digits/3-a.png", 1, 28);
    print_image("data/digits/5-a.png", 3, 17);
    print_image("tests/pictures/baseline.jpg", 3, 24);
    print_image("tests/pictures/progressive.jpg", 1, 40);
    return 0;
}
