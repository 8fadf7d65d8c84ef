    /* Each piece is taken to have two slices. */
    if (!add)
        memset(dw, 0, r.count * sizeof *dw);
    for (int i = 2 * job->piece; i < 2 * job->piece + 2; i++)
        gradus_add_to(dw, t.node->share[j] + (size_t)i * q->size + r.from,
                      r.count);
