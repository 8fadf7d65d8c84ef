    /* Nesterov's direction takes the gradient without the weight decay. */
    for (size_t i = 0; i < s->n; i++) {
        gradus_real g = s->grad[i] + lambda * s->theta[i];
        v[i] = mu * v[i] + g;
        s->d[i] = nesterov ? s->grad[i] + mu * v[i] : v[i];
    }
