    /* Exercise 04.  For each class k from 0 to l->classes - 1, add to dz_k
     *
     *   a (y_k sum_j t_j - t_k)        (S4), with a in place of 1 / D
     *
     * t_k is target(l, i, s, k).  y_k is y[k * step], and dz_k likewise.  With
     * label, one, from and end, the library leaves out targets that are 0; you
     * need none of them. */
