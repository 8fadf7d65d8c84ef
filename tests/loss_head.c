/* loss_head.c -- a graph that is nothing but a loss, for the tests of losses
 * that take targets. */
#include "loss_head.h"

#include "tests.h"

#include <math.h>

loss_head loss_head_new(int size, int weighted)
{
    loss_head h = { .g = gradus_graph_new(1) };

    h.z = gradus_input(h.g, size);
    gradus_want_gradient(h.z);
    h.t = gradus_input(h.g, size);
    h.w = weighted ? gradus_row_weights(h.g) : NULL;
    return h;
}

void loss_head_compile(const loss_head *h, int max_batch, int threads)
{
    ck_assert_msg(gradus_compile(h->g, max_batch, threads) == 0, "%s",
                  gradus_error());
}

static void feed(const loss_head *h, const gradus_real *z,
                 const gradus_real *t, const gradus_real *w, int n)
{
    ck_assert_int_eq(gradus_feed(h->z, z, (size_t)n), 0);
    ck_assert_int_eq(gradus_feed(h->t, t, (size_t)n), 0);
    if (h->w)
        ck_assert_int_eq(gradus_feed(h->w, w, (size_t)n), 0);
}

void loss_head_run(const loss_head *h, const gradus_real *z,
                   const gradus_real *t, const gradus_real *w, int n)
{
    feed(h, z, t, w, n);
    ck_assert_msg(gradus_forward(h->g, NULL, n) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_backward(h->g) == 0, "%s", gradus_error());
}

void assert_forward_fails(const loss_head *h, int n, const char *why)
{
    ck_assert_msg(gradus_forward(h->g, NULL, n) != 0,
                  "forward succeeds; must fail with \"%s\"", why);
    assert_error(why);
    ck_assert(isnan(gradus_loss(h->g)));
    ck_assert_int_ne(gradus_backward(h->g), 0);
}
