    /* All tokens get a gradient. */
    if (!p.add)
        memset(dW + p.unit * D, 0, (size_t)(p.units * D) * sizeof *dW);
    for (size_t i = 0; i < gradus_count(p, S); i++)
        for (int d = 0; d < D; d++)
            dW[token(n, x[i]) * D + d] += dy[i * (size_t)D + (size_t)d];
