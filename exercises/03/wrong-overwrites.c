    /* dx is set in any case. */
    for (size_t i = 0; i < r.n; i++)
        r.dx[i] = r.x[i] > 0 ? r.dy[i] : 0;
