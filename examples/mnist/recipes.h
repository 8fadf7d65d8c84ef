/* recipes.h -- how mnist-speedrun trains: a recipe for each target. */
#ifndef RECIPES_H
#define RECIPES_H

#include "gradus.h"

/* The images of a data set, as they were published. */
typedef struct {
    const char *name, *folder;  /* the folder where they usually are */
    uint64_t training, testing; /* what hash_of returns for each part */
} image_set;

typedef struct {
    const char *name;
    const image_set *images; /* what it trains on and is tested on */
    double target;           /* the accuracy, as a fraction */

    /* The net: convolutions with kernels of 5 x 5 and then 3 x 3 pixels, each
     * followed by a maximum of 2 x 2, then dense layers, then one of 10
     * units.  A 0 ends a list. */
    int channels[3], units[3];

    int margin; /* pixels cut off at each side */
    int shift;  /* in training, an image moves by up to so many whole pixels
                   in each direction; this is at most the margin */
    gradus_augment_options augment; /* how images change in training */
    int mirror; /* non-zero: an image is mirrored in every second epoch */

    double share; /* the fraction of the training images that is used */
    int epochs, batch;
    double learning_rate; /* the highest of the one cycle */
    double rising;        /* the fraction of the steps until then */
    double beta1;         /* of AdamW */
} recipe;

enum { RECIPES = 5 };
extern const recipe recipes[RECIPES];

/* Returns the recipe of that name; any other name is a usage_error. */
const recipe *find_recipe(const char *name);

/* Returns a hash of the pixels and then of the labels: 64-bit FNV-1a. */
uint64_t hash_of(const gradus_dataset *d);

enum { NET_TEXT = 80 }; /* bytes, enough for any net in words */

/* Writes the net in words, such as "conv 8, conv 16, dense 256". */
void describe_net(const recipe *r, char text[NET_TEXT]);

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
