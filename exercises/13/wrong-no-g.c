    /* dy stands where u belongs. */
    for (int k = 0; k < D; k++) {
        u += dy[k] / D;
        ux += dy[k] * x_hat[k] / D;
    }
    for (int k = 0; k < D; k++)
        dx[k] += scale * (dy[k] - u - x_hat[k] * ux);
