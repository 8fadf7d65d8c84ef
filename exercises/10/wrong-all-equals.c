    /* Every number that equals the maximum gets dy. */
    for (int j = 0; j < w; j++)
        for (int k = 2 * j; k < 2 * j + 2; k++) {
            dx[k] = (set ? 0 : dx[k]) + (x[k] == y[j] ? dy[j] : 0);
            dz[k] = (set ? 0 : dz[k]) + (z[k] == y[j] ? dy[j] : 0);
        }
