    /* Exercise 15.  o->square[i] is the sum of the squares of the gradients of
     * tile i, of which there are o->graph->tiles.  Compute
     *
     *   o->norm = the norm |g| of all gradients together
     *   o->clip_scale = min(1, max_norm / (|g| + 1e-6))
     *
     * and set the sums to 0 for the next step.  If o->max_norm is 0, clipping
     * by norm is off: then o->norm is NAN, and o->clip_scale 1. */
