    /* dy passes where x is 0. */
    for (size_t i = 0; i < r.n; i++)
        gradus_pass(&r, i, r.x[i] >= 0 ? r.dy[i] : 0);
