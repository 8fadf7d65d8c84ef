    /* What dW held before stays in it. */
    for (size_t i = 0; i < gradus_count(p, S); i++) {
        int k = token(n, x[i]);
        for (int d = 0; d < D && k >= p.unit && k < p.unit + p.units; d++)
            dW[k * D + d] += dy[i * (size_t)D + (size_t)d];
    }
