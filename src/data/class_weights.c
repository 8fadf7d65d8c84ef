/* class_weights.c -- weights that make all classes count the same in a loss.
 *
 *   weight[k] = n / (K n_k)
 *
 * for n labels of K classes, n_k of them of class k.  The labels of each
 * class then weigh n/K together, and all labels together weigh n. */
#include "gradus.h"

#include "base/error.h"
#include "base/mode.h"

#include <string.h>

/* weight [classes] first counts the labels of each class. */
int gradus_class_weights(const gradus_dataset *d, int classes, double *weight)
{
    if (!d || !d->labels || !weight || classes < 1 || d->positions < 0)
        return gradus_error_set("gradus_class_weights: needs a dataset with "
                                "labels, at least 1 class, and room for the "
                                "weights");
    size_t positions = d->positions ? (size_t)d->positions : 1;
    size_t n = d->n * positions;
    memset(weight, 0, (size_t)classes * sizeof *weight);
    for (size_t i = 0; i < n; i++) {
        int label = (int)d->labels[i];
        if (label < 0 || label >= classes)
            return gradus_error_set("gradus_class_weights: sample %zu, "
                                    "position %zu: label is %d; must be "
                                    "0..%d", i / positions, i % positions,
                                    label, classes - 1);
        weight[label]++;
    }
    for (int k = 0; k < classes; k++)
        if (weight[k] == 0)
            return gradus_error_set("gradus_class_weights: class %d has no "
                                    "label among %zu samples; must have at "
                                    "least 1", k, d->n);
    gradus_mode mode;
    gradus_mode_enter(&mode);
    for (int k = 0; k < classes; k++)
        weight[k] = (double)n / (classes * weight[k]); /* n / (K n_k) */
    gradus_mode_leave(&mode);
    return 0;
}
