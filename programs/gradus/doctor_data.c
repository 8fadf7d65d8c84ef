/* doctor_data.c -- what in the data keeps a net from learning: classes,
 * images. */
#include "common.h"
#include "doctor.h"
#include "doctor_columns.h"
#include "doctor_copies.h"

#include <stdlib.h>
#include <string.h>

/* ---- classes --------------------------------------------------------- */

static const disease missing_class = {
    "missing-class",
    "the net has an output for a class that it never sees, and can only learn "
    "to give it the probability 0",
    "add rows of it, or number the classes without gaps",
    "docs/softmax.md" };

static const disease shifted_numbers = {
    "labels-from-1",
    "labels count from 0, so the net has one output too many, and a program "
    "that takes its answer for a label is off by one",
    "subtract 1 from every label",
    "docs/softmax.md" };

static const disease unequal_classes = {
    "unequal-classes",
    "the loss is a mean over the rows, so a net that never answers with a "
    "rare class has a low loss and a high accuracy all the same",
    "look at recall and F1 (gradus evaluate) rather than accuracy; collect "
    "rows of the rare classes, or weigh them in a program "
    "(gradus_class_weights)",
    "docs/softmax.md" };

/* A class is rare below a tenth of an equal share: of two classes 5 %, where
 * the answer that is always the same is right in 95 % of the rows. */
static const double RARE_CLASS = 0.1;

static const char *name_of(const patient *p, int k, char room[16])
{
    const gradus_dataset *d = p->whole;

    snprintf(room, 16, "%d", k);
    return d->class_names && k < d->classes ? d->class_names[k] : room;
}

/* Rows that are ignored are not among rows [K]. */
static void judge_classes(patient *p, const size_t *rows, int K)
{
    const size_t all = p->whole->n - p->unlabelled;
    const double share = (double)all / K;
    char number[16];
    int least = -1, empty = 0, first = -1;

    for (int k = 0; k < K; k++) {
        if (p->ignored && k == *p->ignored)
            continue;
        first = !rows[k] && !empty ? k : first;
        empty += !rows[k];
        if (rows[k] && (least < 0 || rows[k] < rows[least]))
            least = k;
    }
    if (empty == 1 && first == 0 && !p->whole->class_names && K > 2)
        found(p, &shifted_numbers, "the labels are 1 to %d; no row has the "
              "label 0", K - 1);
    else if (empty)
        found(p, &missing_class, "%d of %d classes ha%s no row, such as "
              "\"%s\"", empty, K, empty == 1 ? "s" : "ve",
              printable(name_of(p, first, number)));
    if (least >= 0 && (double)rows[least] < RARE_CLASS * share)
        found(p, &unequal_classes, "class \"%s\" has %zu of %zu rows; an "
              "equal share of %d classes is %.0f",
              printable(name_of(p, least, number)), rows[least], all, K,
              share);
}

static void look_at_classes(patient *p)
{
    const gradus_dataset *d = p->whole;
    int K = p->m.classes ? p->m.classes : d->classes;

    for (size_t i = 0; i < d->n && !p->m.classes; i++)
        K = d->labels[i] >= K ? d->labels[i] + 1 : K;
    size_t *rows = calloc((size_t)K + 1, sizeof *rows);
    for (size_t i = 0; rows && i < d->n; i++)
        if (!p->ignored || d->labels[i] != *p->ignored)
            rows[d->labels[i]]++;
    if (rows)
        judge_classes(p, rows, K);
    p->failed |= !rows;
    free(rows);
}

/* ---- images ---------------------------------------------------------- */

static const disease blank_images = {
    "blank-images",
    "an image of one colour has nothing that tells its class",
    "look at the files: they may be broken, transparent, or cropped wrongly",
    "docs/doctor.md" };

static const disease unrelated_pixels = {
    "unrelated-pixels",
    "a convolution looks for patterns of neighbouring pixels, and there are "
    "none: the values are noise, or their order is not that of an image",
    "check the order of the axes (channels, height, width) and the widths of "
    "rows where the images were written; for values that are no image, take "
    "--net mlp",
    "docs/conv.md" };

/* A fraction of the images; MNIST and Fashion-MNIST have no such image. */
static const double MANY_BLANK = 0.01;

/* The correlation of neighbours: of noise 0 +- 0.001, of MNIST and
 * Fashion-MNIST 0.9. */
static const double RELATED = 0.2;

static void look_at_blanks(patient *p)
{
    const gradus_dataset *d = p->whole;
    const size_t area = (size_t)d->height * (size_t)d->width;
    const size_t size = (size_t)d->size;
    size_t blank = 0;

    for (size_t i = 0; i < d->n; i++) {
        const uint8_t *x = d->pixels + i * size;
        int same = 1;
        for (size_t c = 0; c < size; c += area)
            same &= memcmp(x + c, x + c + 1, area - 1) == 0;
        blank += (size_t)same;
    }
    if ((double)blank > MANY_BLANK * (double)d->n)
        found(p, &blank_images, "%zu of %zu images have one colour in all of "
              "their %d x %d pixels", blank, d->n, d->height, d->width);
}

/* The correlation of each pixel with the one to its right, in all images. */
static double neighbours(const gradus_dataset *d)
{
    const size_t size = (size_t)d->size, width = (size_t)d->width;
    double sum = 0, products = 0, squares = 0;

    for (size_t j = 0; j < d->n * size; j++)
        sum += d->pixels[j];
    const double mean = sum / (double)(d->n * size);
    for (size_t j = 0; j < d->n * size; j++)
        if (j % width + 1 < width) {
            const double a = d->pixels[j] - mean, b = d->pixels[j + 1] - mean;
            products += a * b;
            squares += (a * a + b * b) / 2;
        }
    return squares > 0 ? products / squares : 1;
}

static int has_convolution(const gradus_graph *g)
{
    for (int i = 0; i < gradus_node_count(g); i++)
        if (is_op(gradus_node_at(g, i), "conv"))
            return 1;
    return 0;
}

static void look_at_pixels(patient *p)
{
    const double r = neighbours(&p->train);

    if (r < RELATED && p->train.width > 1 && has_convolution(p->graph))
        found(p, &unrelated_pixels, "the correlation of neighbouring pixels "
              "is %.2f in %zu images", r, p->train.n);
}

/* ---- all of it ------------------------------------------------------- */

void look_at_data(patient *p)
{
    if (p->table)
        look_at_columns(p);
    if (p->whole->pixels && p->whole->height)
        look_at_blanks(p);
    if (!has(p, &blank_images)) /* these are all the same */
        look_at_copies(p);
    if (p->whole->labels)
        look_at_classes(p);
    if (p->whole->pixels && p->whole->height)
        look_at_pixels(p);
}
