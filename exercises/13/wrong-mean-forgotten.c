    /* mean(u) is not subtracted. */
    for (int k = 0; k < D; k++)
        ux += g[k] * dy[k] * x_hat[k] / D;
    for (int k = 0; k < D; k++)
        dx[k] += scale * (g[k] * dy[k] - x_hat[k] * ux);
