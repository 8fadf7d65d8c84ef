    /* The derivative of a sigmoid is multiplied in. */
    for (int k = 0; k < l->classes; k++)
        sum += target(l, i, s, k);
    for (int k = 0; k < l->classes; k++)
        dz[k * step] += a * (y[k * step] * sum - target(l, i, s, k)) *
                        y[k * step] * (1 - y[k * step]);
