    /* Exercise 02.  Pass dY [rows,out] back to dX [rows,in]:
     *
     *   dX[i,k] += the sum of dY[i,o] W[o,k] over the units o
     *
     * W is [out,in].  If n->first[0] is true, no other layer that uses X has
     * written to dX before, and what it holds means nothing: then set it. */
