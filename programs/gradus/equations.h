/* equations.h -- the equations of the layers and losses, and their tags. */
#ifndef EQUATIONS_H
#define EQUATIONS_H

/* What an equation gives: the value, the gradient of the operands, or that of
 * a parameter by its name. */
#define EQUATION_VALUE "y"
#define EQUATION_BACK "dx"

typedef struct {
    const char *op, *of; /* of: "y", "dx", "weight" or "bias" */
    const char *text;
    const char *tags;    /* "(S1) (S2)", or "" where docs/ has none */
} equation;

/* The equation of an op, or NULL if it is so plain that none is listed. */
const equation *equation_of(const char *op, const char *of);

#endif
