    /* The factor a is missing. */
    for (int k = 0; k < l->classes; k++)
        sum += target(l, i, s, k);
    for (int k = 0; k < l->classes; k++)
        dz[k * step] += y[k * step] * sum - target(l, i, s, k);
