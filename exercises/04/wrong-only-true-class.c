    /* Classes whose target is 0 are left out. */
    for (int k = 0; k < l->classes; k++)
        sum += target(l, i, s, k);
    for (int k = 0; k < l->classes; k++)
        if (target(l, i, s, k) > 0)
            dz[k * step] += a * (y[k * step] * sum - target(l, i, s, k));
