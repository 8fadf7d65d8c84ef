    /* W is taken to begin with this group. */
    if (s->db)
        s->db[o] += dy;
    for (int ch = 0; ch < c->in; ch++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++) {
                size_t w = gradus_conv_in_W(c, o, ch, u, v);
                ptrdiff_t at = in_x(c, ch, i, u, j, v);
                if (at < 0)
                    continue;
                s->dW[w] += dy * s->x[at];
                if (s->dx)
                    s->dx[at] += dy * c->W[w];
            }
