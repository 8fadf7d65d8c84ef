/* numbers.c -- numbers on their way to a text in the metadata, or back. */
#include "io/io.h"

#include "base/error.h"

#include <stdlib.h>

void gradus_transfer(gradus_numbers *t, double *v)
{
    char *end;

    if (t->out) {
        fprintf(t->out, " %.17g", *v);
        return;
    }
    *v = strtod(t->in, &end);
    if (end == t->in && !t->status)
        t->status = gradus_error_set("its numbers end too early");
    t->in = end;
}

double gradus_transfer_count(gradus_numbers *t, const char *name, double v,
                         double most)
{
    gradus_transfer(t, &v);
    if (v >= 0 && v <= most)
        return v;
    if (!t->status)
        t->status = gradus_error_set("its number of %s is %.16g; must be 0 "
                                     "to %.16g", name, v, most);
    return 0;
}
