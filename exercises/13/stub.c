    /* Exercise 13.  With u_k = g[k] dy[k], add to dx[k], for all k below D,
     *
     *   (u_k - mean(u) - x_hat[k] mean(u x_hat)) scale
     *
     * where the means are over the D values. */
