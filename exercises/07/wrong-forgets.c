    /* v is not stored. */
    for (size_t i = 0; i < s->n; i++) {
        gradus_real g = s->grad[i] + lambda * s->theta[i];
        gradus_real now = mu * v[i] + g;
        s->d[i] = nesterov ? g + mu * now : now;
    }
