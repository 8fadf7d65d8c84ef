    /* Exercise 14.  Compute dW [units,D] of the tokens p.unit to
     * p.unit + p.units - 1, and of no others:
     *
     *   dW[k,d] = the sum of dy[i,d] over all positions i whose token is k
     *
     * x has the tokens of gradus_count(p, S) positions, all rows one after the
     * other, and token(n, x[i]) is that of position i as an int; dy has D
     * numbers for each.  dW begins with token 0.  Replace what it holds or, if
     * p.add is set, add to it. */
