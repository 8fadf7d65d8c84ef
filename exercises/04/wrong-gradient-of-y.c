    /* The gradient of the cross entropy alone is passed back. */
    for (int k = 0; k < l->classes; k++)
        dz[k * step] -= a * target(l, i, s, k) / y[k * step];
