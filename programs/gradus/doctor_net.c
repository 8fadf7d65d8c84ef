/* doctor_net.c -- what in a net keeps it from learning: how its nodes are put
 * together, and what their values and gradients are before any step. */
#include "common.h"
#include "doctor.h"
#include "doctor_layers.h"
#include "gradus_layer.h" /* a node's operands, settings and parameters */

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *name(const gradus_node *n)
{
    return gradus_node_name(n);
}

/* The node before n, but for those that only move or leave out numbers. */
static const gradus_node *before(const gradus_node *n)
{
    do
        n = n->in[0];
    while (is_op(n, "reshape") || is_op(n, "dropout"));
    return n;
}

/* ---- how the nodes are put together ---------------------------------- */

static const disease softmax_twice = {
    "softmax-twice",
    "softmax_ce takes logits and has a softmax of its own; a second one gives "
    "it numbers from 0 to 1, so no probability can come near 1, and gradients "
    "are small",
    "take the gradus_softmax away",
    "docs/softmax.md" };

static const disease no_nonlinearity = {
    "no-nonlinearity",
    "two linear layers in a row are one linear layer: W2 (W1 x) = (W2 W1) x; "
    "the net can express no more than without the first",
    "put a gradus_relu, or another function, between them",
    "docs/backprop.md" };

static const disease squashed_output = {
    "squashed-output",
    "the output cannot be what the loss wants: a logit must be free to have "
    "any size and sign, and a prediction to be any target; a ReLU that is 0 "
    "passes no gradient back, either",
    "let the last layer be linear: take the function before the loss away",
    "docs/softmax.md" };

static const disease dropout_on_output = {
    "dropout-on-output",
    "in training it sets logits or predictions to 0 at random, which no "
    "weight can mend",
    "put the dropout before the last layer",
    "docs/dropout.md" };

static const disease much_dropout = {
    "much-dropout",
    "so little is left of a layer that each step trains a tiny net, and all "
    "of these must do the same",
    "drop 0.2 to 0.5",
    "docs/dropout.md" };

static const disease small_batch = {
    "small-batch",
    "batch normalisation takes the mean and the variance from these few rows, "
    "and they are mostly noise; a batch of one row has no variance at all",
    "take a larger --batch, or layer normalisation",
    "docs/norms.md" };

/* The fraction that is dropped.  Srivastava et al. 2014 (section 7.3) find the
 * error flat where 0.2 to 0.6 are dropped. */
static const double MUCH_DROPOUT = 0.7;

/* Rows.  The error of batch normalisation rises soon below 8 (Wu, He 2018,
 * figure 1: batches of 32 and 16 are alike). */
enum { SMALL_BATCH = 8 };

static int is_linear(const gradus_node *n)
{
    return (is_op(n, "dense") || is_op(n, "conv")) &&
           gradus_attr_int(n->attr, "groups", 1) <= 1;
}

/* A narrow layer between two wide ones is no mistake: it makes a large matrix
 * of two small ones. */
static void look_at_linear(patient *p, const gradus_node *n)
{
    const gradus_node *x = before(n);

    if (is_op(x, "batchnorm"))
        x = before(x);
    if (is_linear(n) && is_linear(x) &&
        !(x->size < n->size && x->size < x->in[0]->size))
        found(p, &no_nonlinearity, "%s takes its values from %s, with no "
              "function between", name(n), name(x));
}

/* Can predictions y of function n not reach targets from least to greatest? */
static int out_of_reach(const gradus_node *n, double least, double greatest)
{
    return (is_op(n, "relu") && least < 0) ||
           (is_op(n, "sigmoid") && (least < 0 || greatest > 1)) ||
           (is_op(n, "tanh") && (least < -1 || greatest > 1));
}

static void look_at_loss(patient *p, const gradus_node *n)
{
    const gradus_node *z = before(n);
    const layer_seen *target = &p->seen[n->in[1]->id];
    const int classes = is_op(n, "softmax_ce");

    if (is_op(n->in[0], "dropout"))
        found(p, &dropout_on_output, "%s stands right before %s",
              name(n->in[0]), name(n));
    if (classes && is_op(z, "softmax"))
        found(p, &softmax_twice, "%s (softmax) feeds %s (softmax_ce)", name(z),
              name(n));
    else if (classes && (is_op(z, "relu") || is_op(z, "sigmoid") ||
                         is_op(z, "tanh")))
        found(p, &squashed_output, "%s (%s) feeds %s (softmax_ce)", name(z),
              gradus_node_op(z), name(n));
    else if (!classes && target->count &&
             out_of_reach(z, target->least, target->greatest))
        found(p, &squashed_output, "%s (%s) feeds %s (%s), whose targets go "
              "from %.3g to %.3g", name(z), gradus_node_op(z), name(n),
              gradus_node_op(n), target->least, target->greatest);
}

static void look_at_structure(patient *p)
{
    const gradus_node *n;

    for (int i = 0; (n = gradus_node_at(p->graph, i)); i++) {
        if (is_linear(n))
            look_at_linear(p, n);
        if (n->op->loss)
            look_at_loss(p, n);
        if (is_op(n, "dropout") &&
            gradus_attr_double(n->attr, "p", 0) > MUCH_DROPOUT)
            found(p, &much_dropout, "%s leaves out %g of the values of %s",
                  name(n), gradus_attr_double(n->attr, "p", 0),
                  name(n->in[0]));
        if (is_op(n, "batchnorm") && p->batch < SMALL_BATCH &&
            !has(p, &small_batch))
            found(p, &small_batch, "%s is trained on batches of %d rows",
                  name(n), p->batch);
    }
}

/* ---- weights --------------------------------------------------------- */

static const disease zero_weights = {
    "zero-weights",
    "all units of the layer have the value 0, and pass no gradient back",
    "let weights begin at random (gradus_initialise: He's or Glorot's)",
    "docs/backprop.md" };

static const disease equal_units = {
    "equal-units",
    "units with the same weights compute the same, get the same gradient, and "
    "stay the same for ever: the layer is as good as one unit",
    "let weights begin at random (gradus_initialise: He's or Glorot's)",
    "docs/backprop.md" };

/* Are all numbers of w [n] the same as those n_ahead before them? */
static int repeats(const gradus_real *w, size_t n, size_t ahead)
{
    for (size_t i = ahead; i < n; i++)
        if (w[i] != w[i - ahead])
            return 0;
    return 1;
}

static void look_at_weights(patient *p)
{
    const gradus_node *n;
    const gradus_param *w;

    for (int i = 0; (n = gradus_node_at(p->graph, i)); i++) {
        if (!(w = weight_of(n)))
            continue;
        if (w->w[0] == 0 && repeats(w->w, w->size, 1))
            found(p, &zero_weights, "%s.weight is 0 in all of its %zu places",
                  name(n), w->size);
        else if (w->shape[0] > 1 &&
                 repeats(w->w, w->size, w->size / (size_t)w->shape[0]))
            found(p, &equal_units, "all %d units of %s have the same weights",
                  w->shape[0], name(n));
    }
}

/* ---- values and gradients -------------------------------------------- */

static const disease large_inputs = {
    "large-inputs",
    "values and gradients grow with the inputs, so steps are too large for "
    "some weights and too small for others; sigmoids and tanhs saturate",
    "scale them to mean 0 and standard deviation 1: gradus_normalise for "
    "images, gradus_set_table for tables; bytes that are fed as u8 are "
    "divided by 255 already",
    "docs/numbers.md" };

static const disease small_inputs = {
    "small-inputs",
    "values and gradients shrink with the inputs, so that only the biases "
    "learn; bytes that are fed as u8 are divided by 255 already, and may have "
    "been scaled twice",
    "scale them once, to mean 0 and standard deviation 1 (gradus_normalise)",
    "docs/numbers.md" };

static const disease off_centre = {
    "inputs-off-centre",
    "what all inputs have in common is many times what tells them apart, and "
    "each step first has to learn that away",
    "subtract the mean: gradus_normalise, gradus_standardise",
    "docs/numbers.md" };

static const disease unscaled_targets = {
    "unscaled-targets",
    "the gradients of a squared error grow with the targets, and the learning "
    "rate that fits them is far from the usual ones",
    "standardise the targets: gradus_set_table(x, target, t), or "
    "gradus_standardise(target, ..)",
    "docs/numbers.md" };

static const disease first_loss = {
    "first-loss",
    "the net is surer of wrong answers than one that does not look at its "
    "input: the weights of the last layer, or its inputs, are too large",
    "let the weights begin smaller, or normalise the values before the last "
    "layer; of a trained model: check that the data have its scales and its "
    "order of classes",
    "docs/softmax.md" };

static const disease vanishing = {
    "vanishing-gradients",
    "the first layers get next to no gradient, and stay as they began",
    "take ReLUs in place of sigmoids, He's initialisation, batch "
    "normalisation, or fewer layers",
    "docs/backprop.md" };

static const disease exploding = {
    "exploding-gradients",
    "a step that suits the last layers throws the first ones far off",
    "let weights begin smaller (He's or Glorot's initialisation), or "
    "normalise; clipping (gradus_set_clip) treats the symptom",
    "docs/backprop.md" };

static const disease no_gradient = {
    "no-gradient",
    "the weight never changes: what it feeds is 0, or is passed no gradient",
    "look at the layers behind it: dead ReLUs, weights of 0, saturated units",
    "docs/backprop.md" };

static const disease dead_units = {
    "dead-units",
    "a ReLU whose input is negative for every row passes no gradient back, so "
    "that its unit never changes again",
    "begin again with a smaller learning rate, He's initialisation and scaled "
    "inputs; or take gradus_leaky_relu",
    "docs/backprop.md" };

static const disease saturated_units = {
    "saturated-units",
    "where a sigmoid or a tanh is flat, its derivative is near 0, and so are "
    "the gradients of all before it",
    "let weights begin smaller (Glorot's initialisation), scale the inputs, "
    "or take ReLUs",
    "docs/backprop.md" };

/* The root mean square of all inputs is 1 where they are standardised and 0.3
 * where they are MNIST's bytes.  Bytes that are not divided by 255 have 70 or
 * more; those that are divided twice are at most 1/255. */
static const double LARGE_INPUT = 10, SMALL_INPUT = 0.1;

/* The mean in standard deviations.  White paper with some ink has 3. */
static const double OFF_CENTRE = 5;

/* The root mean square of targets; 1 where they are standardised. */
static const double LARGE_TARGET = 10, SMALL_TARGET = 0.1;

/* The first loss, in losses of a guess.  With He's initialisation and inputs
 * of variance 1, the last layer's values have a variance of 2.  Then the loss
 * is up to 1.6 times log K; to a squared error of 1 that adds 2, and 5 with
 * dropout and inputs that go together. */
static const double HIGH_LOSS = 4, HIGH_ERROR = 20;

/* The gradient of the first layers over that of the last.  With sigmoids each
 * layer takes at least three quarters (their slope is at most 1/4), so this is
 * that of seven or more; with ReLUs and He's initialisation, it stays. */
static const double VANISHED = 1e-4, EXPLODED = 1e4;

/* Fractions of a layer.  Dead units waste memory, but a net of which half is
 * alive learns; He et al. 2015 have half of the values at 0, but not for each
 * row the same. */
static const double MANY_DEAD = 0.5, MANY_SATURATED = 0.5;

static void look_at_input(patient *p)
{
    const layer_seen *x = &p->seen[0];
    const gradus_node *n;

    for (int i = 1; (n = gradus_node_at(p->graph, i)); i++)
        if (is_op(n, "embedding") && n->in[0]->id == 0)
            return; /* tokens are numbers of rows, not amounts */
    if (x->rms > LARGE_INPUT)
        found(p, &large_inputs, "what the net gets as input goes from %.4g to "
              "%.4g, with a root mean square of %.4g", x->least, x->greatest,
              x->rms);
    else if (fmax(fabs(x->least), fabs(x->greatest)) < SMALL_INPUT)
        found(p, &small_inputs, "what the net gets as input goes from %.4g to "
              "%.4g", x->least, x->greatest);
    else if (fabs(x->mean) > OFF_CENTRE * x->std)
        found(p, &off_centre, "what the net gets as input has a mean of %.4g "
              "and a standard deviation of %.4g", x->mean, x->std);
}

static void look_at_targets(patient *p)
{
    const gradus_node *n;

    for (int i = 1; (n = gradus_node_at(p->graph, i)); i++)
        if (is_op(n, "input") && p->seen[i].count &&
            !(p->seen[i].rms < LARGE_TARGET && p->seen[i].rms > SMALL_TARGET))
            found(p, &unscaled_targets, "what the loss gets as targets goes "
                  "from %.4g to %.4g, with a root mean square of %.4g",
                  p->seen[i].least, p->seen[i].greatest, p->seen[i].rms);
}

static void look_at_first_loss(patient *p)
{
    const double high = p->train.labels ? HIGH_LOSS : HIGH_ERROR;

    if (p->loss.first > high * p->loss.guess && p->loss.guess > 0)
        found(p, &first_loss, "the first loss is %.4g; that of a net that "
              "does not look at its input is %.4g", p->loss.first,
              p->loss.guess);
}

/* Holds the gradients of all layers with weights against that of the last. */
static void look_at_gradients(patient *p)
{
    const gradus_node *last = NULL, *n;

    for (int i = 0; (n = gradus_node_at(p->graph, i)); i++)
        last = weight_of(n) ? n : last;
    if (!last || !(seen_of(p, last)->gradient > 0))
        return;
    const double base = seen_of(p, last)->gradient;
    for (int i = 0; (n = gradus_node_at(p->graph, i)); i++) {
        const double ratio = seen_of(p, n)->gradient / base;
        if (!weight_of(n))
            continue;
        if (p->seen[i].no_gradient && !has(p, &no_gradient))
            found(p, &no_gradient, "the gradient of %s.weight is 0 in all of "
                  "its %zu places, for all rows that were tried", name(n),
                  weight_of(n)->size);
        else if (ratio < VANISHED && ratio > 0 && !has(p, &vanishing))
            found(p, &vanishing, "the gradient at %s is %.2g times that at "
                  "%s, the last layer", name(n), ratio, name(last));
        else if (ratio > EXPLODED && !has(p, &exploding))
            found(p, &exploding, "the gradient at %s is %.2g times that at "
                  "%s, the last layer", name(n), ratio, name(last));
    }
}

static void look_at_units(patient *p)
{
    const gradus_node *n;

    for (int i = 0; (n = gradus_node_at(p->graph, i)); i++) {
        const layer_seen *s = seen_of(p, n);
        if (is_op(n, "relu") && s->dead > MANY_DEAD * s->units)
            found(p, &dead_units, "%d of %d units of %s are 0 for all %zu "
                  "rows that were tried", s->dead, s->units, name(n), s->rows);
        if ((is_op(n, "sigmoid") || is_op(n, "tanh")) &&
            s->flat > MANY_SATURATED)
            found(p, &saturated_units, "%.0f %% of the values of %s are "
                  "within 0.01 of an end of its range", 100 * s->flat,
                  name(n));
    }
}

void look_at_net(patient *p)
{
    if (see_layers(p))
        return;
    look_at_structure(p);
    look_at_weights(p);
    if (has(p, &step_fails))
        return;
    look_at_input(p);
    look_at_targets(p);
    look_at_first_loss(p);
    look_at_gradients(p);
    look_at_units(p);
}
