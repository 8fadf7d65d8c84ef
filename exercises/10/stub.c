    /* Exercise 10.  For each of the w windows j, of which y[j] is the maximum
     *
     *   x[2j]  x[2j + 1]      of the upper line,
     *   z[2j]  z[2j + 1]      of the lower line,
     *
     * pass dy[j] back to the first of the four, in this order, that is the
     * maximum: add it to dx[2j], dx[2j + 1], dz[2j] or dz[2j + 1].  If `set`
     * is true, these hold nothing yet: then set all four, three of them to
     * 0. */
