    /* dy passes everywhere. */
    for (size_t i = 0; i < r.n; i++)
        gradus_pass(&r, i, r.dy[i]);
