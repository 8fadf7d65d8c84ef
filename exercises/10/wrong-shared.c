    /* Each number gets a quarter. */
    for (int j = 0; j < w; j++)
        for (int k = 2 * j; k < 2 * j + 2; k++) {
            dx[k] = (set ? 0 : dx[k]) + dy[j] / 4;
            dz[k] = (set ? 0 : dz[k]) + dy[j] / 4;
        }
