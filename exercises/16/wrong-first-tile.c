    /* The share is read from its beginning in every tile. */
    if (!add)
        memset(dw, 0, r.count * sizeof *dw);
    for (int i = 2 * job->piece; i < slices && i < 2 * job->piece + 2; i++)
        gradus_add_to(dw, t.node->share[j] + (size_t)i * q->size, r.count);
