    /* Each piece adds the slices of all. */
    if (!add)
        memset(dw, 0, r.count * sizeof *dw);
    for (int i = 0; i < slices; i++)
        gradus_add_to(dw, t.node->share[j] + (size_t)i * q->size + r.from,
                      r.count);
