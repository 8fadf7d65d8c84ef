    /* Exercise 16.  dw [r.count] is the tile's part of the gradient of q, and
     * the share of slice i in it is the r.count numbers from
     *
     *   t.node->share[j] + (size_t)i * q->size + r.from
     *
     * on.  Set dw to the sum of the shares of the piece's slices, which are
     * 2 job->piece and, if it is below `slices`, the one after it; or, if
     * `add` is set, add them to dw. */
