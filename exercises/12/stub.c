    /* Exercise 12.  For each of the `width` numbers, compute
     *
     *   d = dy - mean(dy) - (x - mean) slope     times the scale
     *
     * and add it to dx or, if f.set is true, set dx to it.  Number 0 is of
     * channel c, and each next one of channel c + step.  Of channel c,
     *
     *   f.mean[c] + f.rest[c]   is the mean of x (the rest is what rounding
     *                           has cut off; in the check it is large),
     *   f.mean_dy[c]            that of dy: the db / m of the equations,
     *   f.slope[c]              dg / m / sqrt(var + eps),
     *   f.scale[c]              g / sqrt(var + eps).
     *
     * If z is not NULL, a ReLU behind the layer is computed here, too: dy
     * counts as 0 wherever z is not above 0. */
