    /* dy is multiplied by the maximum. */
    for (int j = 0; j < w; j++) {
        gradus_real *to[] = { dx + 2 * j, dx + 2 * j + 1, dz + 2 * j,
                              dz + 2 * j + 1 };
        const gradus_real v[] = { x[2 * j], x[2 * j + 1], z[2 * j],
                                  z[2 * j + 1] };
        int best = 0;
        while (v[best] < y[j])
            best++;
        for (int k = 0; k < 4; k++)
            *to[k] = (set ? 0 : *to[k]) + (k == best ? y[j] * dy[j] : 0);
    }
