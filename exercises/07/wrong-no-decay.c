    /* The weight decay is left out. */
    for (size_t i = 0; i < s->n; i++) {
        gradus_real g = s->grad[i];
        v[i] = mu * v[i] + g;
        s->d[i] = nesterov ? g + mu * v[i] : v[i];
    }
