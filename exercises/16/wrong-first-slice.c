    /* The second slice is left out. */
    if (!add)
        memset(dw, 0, r.count * sizeof *dw);
    gradus_add_to(dw, t.node->share[j] + 2 * (size_t)job->piece * q->size +
                      r.from, r.count);
