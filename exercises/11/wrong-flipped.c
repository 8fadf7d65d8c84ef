    /* dx takes the kernel turned by 180 degrees. */
    const int K = c->kernel;
    if (s->db)
        s->db[o] += dy;
    for (int ch = 0; ch < c->in; ch++)
        for (int u = 0; u < K; u++)
            for (int v = 0; v < K; v++) {
                ptrdiff_t at = in_x(c, ch, i, u, j, v);
                if (at < 0)
                    continue;
                s->dW[gradus_conv_in_W(c, o, ch, u, v)] += dy * s->x[at];
                if (s->dx)
                    s->dx[at] += dy * W[gradus_conv_in_W(c, o, ch, K - 1 - u,
                                                         K - 1 - v)];
            }
