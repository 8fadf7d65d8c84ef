    /* What dw held before stays in it. */
    for (int i = 2 * job->piece; i < slices && i < 2 * job->piece + 2; i++)
        gradus_add_to(dw, t.node->share[j] + (size_t)i * q->size + r.from,
                      r.count);
