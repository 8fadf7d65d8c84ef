    /* Exercise 03.  For each number i of the r.n numbers, pass back to x
     *
     *   dy where x is above 0, and 0 elsewhere
     *
     * of which r has the arrays x, y and dy.  gradus_pass(&r, i, d) passes d
     * back to number i of x: it adds to dx[i], or sets it, as is needed. */
