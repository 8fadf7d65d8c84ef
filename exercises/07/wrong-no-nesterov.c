    /* Nesterov's momentum is as any other. */
    for (size_t i = 0; i < s->n; i++) {
        v[i] = mu * v[i] + s->grad[i] + lambda * s->theta[i];
        s->d[i] = v[i];
    }
