    /* dy passes where x is not above 0. */
    for (size_t i = 0; i < r.n; i++)
        gradus_pass(&r, i, r.y[i] > 0 ? 0 : r.dy[i]);
