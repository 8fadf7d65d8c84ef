    /* Exercise 01.  Compute dW [units,in] and db [units] of the units of p:
     *
     *   dW[o,k] = the sum of dY[i,o] X[i,k] over the rows i of p
     *   db[o]   = the sum of dY[i,o]
     *
     * X and dY point at the first row of p, and dY at the first of its units.
     * A row of X is `in` numbers long, and a row of dY is `out`.  Replace what
     * dW and db hold or, if p.add is set, add to it.  Plain loops will do. */
