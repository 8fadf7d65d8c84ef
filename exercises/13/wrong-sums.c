    /* The sums are not divided by D. */
    for (int k = 0; k < D; k++) {
        u += g[k] * dy[k];
        ux += g[k] * dy[k] * x_hat[k];
    }
    for (int k = 0; k < D; k++)
        dx[k] += scale * (g[k] * dy[k] - u - x_hat[k] * ux);
