    /* The three others are left as they are. */
    for (int j = 0; j < w; j++) {
        gradus_real *to[] = { dx + 2 * j, dx + 2 * j + 1, dz + 2 * j,
                              dz + 2 * j + 1 };
        const gradus_real v[] = { x[2 * j], x[2 * j + 1], z[2 * j],
                                  z[2 * j + 1] };
        int best = 0;
        while (v[best] < y[j])
            best++;
        *to[best] = (set ? 0 : *to[best]) + dy[j];
    }
