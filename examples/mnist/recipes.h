/* recipes.h -- how mnist-speedrun trains: a recipe for each target. */
#ifndef RECIPES_H
#define RECIPES_H

#include "gradus.h"

typedef struct {
    const char *name, *data; /* data is the usual folder of its images */
    double target;           /* the accuracy, as a fraction */
    const char *net;         /* in words */
    gradus_node *(*build)(gradus_node *x); /* from the image to the logits */
    int margin; /* pixels cut off at each side */
    int shift;  /* in training, images move by up to so many pixels in each
                   direction, at most the margin */
    int mirror; /* in training, each image is mirrored in every second epoch */
    double share; /* the fraction of the training images that is used */
    int epochs, batch;
    double learning_rate; /* the highest of the one cycle */
} recipe;

enum { RECIPES = 2 };
extern const recipe recipes[RECIPES];

/* Returns the recipe of that name; any other name is a usage_error. */
const recipe *find_recipe(const char *name);

/* Returns images as a recipe sees them in training, in an epoch from 0: the
 * share of d that it uses, without the margin, moved and mirrored.  In
 * testing, where random is NULL, they are all of d, without the margin.  The
 * caller frees the pixels [n,height,width], which are NULL if memory ran
 * out. */
gradus_dataset seen_images(const recipe *r, const gradus_dataset *d,
                           gradus_random *random, int epoch);

/* Returns the compiled graph for images like those of d, or NULL with a
 * message on stderr. */
gradus_graph *build_recipe(const recipe *r, uint64_t seed, int threads,
                           const gradus_dataset *d);

/* Trains the graph.  Returns non-zero, with a message on stderr, if that
 * fails. */
int train_recipe(const recipe *r, uint64_t seed, gradus_graph *g,
                 const gradus_dataset *d);

#endif
