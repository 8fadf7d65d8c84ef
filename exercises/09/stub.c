    /* Exercise 09.  `number` now holds a random number of 32 bits for each of
     * the `count` numbers.  For each i, compute
     *
     *   m = 0 if number[i] is below `least`, and else 1
     *   to[i] = from[i] m / (1 - p)
     *
     * or, if `add` is set, to[i] += that.  `scale` is 1 / (1 - p). */
