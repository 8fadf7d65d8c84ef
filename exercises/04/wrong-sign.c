    /* t - y is added. */
    for (int k = 0; k < l->classes; k++)
        sum += target(l, i, s, k);
    for (int k = 0; k < l->classes; k++)
        dz[k * step] += a * (target(l, i, s, k) - y[k * step] * sum);
