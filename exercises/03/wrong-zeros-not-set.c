    /* Where nothing passes, dx is left as it is. */
    for (size_t i = 0; i < r.n; i++)
        if (r.y[i] > 0)
            gradus_pass(&r, i, r.dy[i]);
