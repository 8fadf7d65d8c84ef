    /* Each position takes the place of the one before. */
    if (!p.add)
        memset(dW + p.unit * D, 0, (size_t)(p.units * D) * sizeof *dW);
    for (size_t i = 0; i < gradus_count(p, S); i++) {
        int k = token(n, x[i]);
        for (int d = 0; d < D && k >= p.unit && k < p.unit + p.units; d++)
            dW[k * D + d] = dy[i * (size_t)D + (size_t)d];
    }
