/* settings.c -- checks the settings of optimisers. */
#include "optim/optimiser.h"

#include "base/error.h"

int gradus_need_amount(const char *name, const char *what, double value)
{
    if (!(value >= 0 && value <= 1e30))
        return gradus_error_set("%s: %s is %g; must be from 0 to 1e30", name,
                                what, value);
    return 0;
}

int gradus_need_fraction(const char *name, const char *what, double *value,
                         double otherwise)
{
    *value = *value == 0 ? otherwise : *value;
    if (!(*value >= 0 && (gradus_real)*value < 1))
        return gradus_error_set("%s: %s is %g; must be at least 0 and below 1",
                                name, what, *value);
    return 0;
}

int gradus_need_positive(const char *name, const char *what, double *value,
                         double otherwise)
{
    *value = *value == 0 ? otherwise : *value;
    if (!(*value <= 1e30 && (gradus_real)*value > 0))
        return gradus_error_set("%s: %s is %g; must be above 0, also when "
                                "rounded to a gradus_real, and at most 1e30",
                                name, what, *value);
    return 0;
}
