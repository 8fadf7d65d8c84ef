    /* The target of the next class is subtracted. */
    for (int k = 0; k < l->classes; k++)
        sum += target(l, i, s, k);
    for (int k = 0; k < l->classes; k++)
        dz[k * step] += a * (y[k * step] * sum - target(l, i, s, k + 1));
