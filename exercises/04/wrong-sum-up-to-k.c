    /* The sum is used before it is complete. */
    for (int k = 0; k < l->classes; k++) {
        sum += target(l, i, s, k);
        dz[k * step] += a * (y[k * step] * sum - target(l, i, s, k));
    }
