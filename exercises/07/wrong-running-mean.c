    /* v is a running mean. */
    for (size_t i = 0; i < s->n; i++) {
        gradus_real g = s->grad[i] + lambda * s->theta[i];
        v[i] = mu * v[i] + (1 - mu) * g;
        s->d[i] = nesterov ? g + mu * v[i] : v[i];
    }
