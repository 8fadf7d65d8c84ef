/* model.c -- data nodes, and numbers by a formula to feed them. */
#include "same.h"

#include <math.h>
#include <stdlib.h>

void same_must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "same: %s: %s\n", what, gradus_error());
    exit(1);
}

uint64_t same_hash(uint64_t h, const void *bytes, size_t n)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * UINT64_C(1099511628211);
    return h;
}

/* Notes what the data node n is to be fed. */
static gradus_node *note(same_model *m, gradus_node *n, same_kind kind,
                         int size, int below)
{
    same_must(n && m->n < MAX_FED, "a data node");
    m->fed[m->n++] = (same_fed){ .node = n, .kind = kind, .size = size,
                                 .below = below };
    return n;
}

gradus_node *same_input(same_model *m, int size)
{
    return same_other(m, REALS, size, 0);
}

gradus_node *same_image(same_model *m, same_kind kind, int channels,
                        int height, int width)
{
    return note(m, gradus_image(m->g, channels, height, width), kind,
                channels * height * width, width);
}

gradus_node *same_labels(same_model *m, int positions, int classes)
{
    return note(m, gradus_labels(m->g, positions), WHOLE, positions, classes);
}

gradus_node *same_weights(same_model *m)
{
    return note(m, gradus_row_weights(m->g), WEIGHTS, 1, 0);
}

gradus_node *same_other(same_model *m, same_kind kind, int size, int below)
{
    return note(m, gradus_input(m->g, size), kind, size, below);
}

/* ---- numbers ---------------------------------------------------------- */

static double number(const same_fed *f, gradus_random *r)
{
    double u = gradus_random_uniform(r);

    switch (f->kind) {
    case WHOLE: return floor(u * f->below);
    case PORTIONS: case SHARES: return u;
    case WEIGHTS: return u < 0.2 ? 0 : 2 * u;
    case MASK: return u < 0.2 ? -INFINITY : 0;
    default: return 2 * u - 1;
    }
}

/* Turns each group of `classes` numbers of v [n] into a distribution. */
static void make_shares(gradus_real *v, size_t n, int classes)
{
    for (size_t i = 0; i < n; i += (size_t)classes) {
        double sum = 0;
        for (int k = 0; k < classes; k++)
            sum += v[i + k];
        for (int k = 0; k < classes; k++)
            v[i + k] = (gradus_real)(v[i + k] / sum);
    }
}

static int feed_reals(same_fed *f, gradus_random *r, size_t rows)
{
    size_t n = rows * (size_t)f->size;
    gradus_real *v = f->data = malloc(n * sizeof *v);

    same_must(v != NULL, "memory");
    for (size_t i = 0; i < n; i++)
        v[i] = (gradus_real)number(f, r);
    for (size_t i = 0; i < n && f->kind == MASK; i += (size_t)f->below)
        v[i] = 0;
    if (f->kind == SHARES)
        make_shares(v, n, f->below);
    return gradus_feed(f->node, v, rows);
}

static int feed_labels(same_fed *f, gradus_random *r, size_t rows)
{
    size_t n = rows * (size_t)f->size;
    int32_t *label = f->data = malloc(n * sizeof *label);

    same_must(label != NULL, "memory");
    for (size_t i = 0; i < n; i++)
        label[i] = (int32_t)number(f, r);
    return gradus_feed_labels(f->node, label, rows);
}

static int feed_pixels(same_fed *f, gradus_random *r, size_t rows)
{
    size_t n = rows * (size_t)f->size;
    uint8_t *pixel = f->data = malloc(n);

    same_must(pixel != NULL, "memory");
    for (size_t i = 0; i < n; i++) {
        uint32_t noise = gradus_random_below(r, 256);
        pixel[i] = (uint8_t)(noise > 160 ? noise : 0);
    }
    return gradus_feed_u8(f->node, pixel, rows);
}

void same_feed(same_model *m, int rows)
{
    for (int i = 0; i < m->n; i++) {
        same_fed *f = &m->fed[i];
        gradus_random r;
        gradus_random_init(&r, 20, (uint32_t)i, 0);
        int error = f->kind == PIXELS ? feed_pixels(f, &r, (size_t)rows)
                    : f->kind == WHOLE && f->node->kind == GRADUS_KIND_LABELS
                        ? feed_labels(f, &r, (size_t)rows)
                        : feed_reals(f, &r, (size_t)rows);
        same_must(!error, "feed");
    }
}

void same_free(same_model *m)
{
    gradus_graph_free(m->g);
    for (int i = 0; i < m->n; i++)
        free(m->fed[i].data);
}
