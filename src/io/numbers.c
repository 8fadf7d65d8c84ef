/* numbers.c -- numbers on their way to a text in the metadata, or back. */
#include "io/io.h"

#include "base/error.h"

#include <stdlib.h>

void gradus_pass(gradus_numbers *l, double *v)
{
    char *end;

    if (l->out) {
        fprintf(l->out, " %.17g", *v);
        return;
    }
    *v = strtod(l->in, &end);
    if (end == l->in && !l->status)
        l->status = gradus_error_set("its numbers are cut short");
    l->in = end;
}

double gradus_pass_count(gradus_numbers *l, const char *name, double v,
                         double most)
{
    gradus_pass(l, &v);
    if (v >= 0 && v <= most)
        return v;
    if (!l->status)
        l->status = gradus_error_set("its number of %s is %.16g; must be 0 "
                                     "to %.16g", name, v, most);
    return 0;
}
