    /* Exercise 05.  Of the K numbers z_k = z[k * step], compute
     *
     *   m   = the largest z_k
     *   sum = the sum of exp(z_k - m)
     *   y_k = exp(z_k - m) / sum             to y[k * step]
     *
     * Set *max to m, and return the sum. */
    *max = m;
    return 1;
