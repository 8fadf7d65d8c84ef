    /* Exercise 07.  For each of the s->n parameters i, compute
     *
     *   g = s->grad[i] + lambda s->theta[i]      the weight decay
     *   v[i] = mu v[i] + g                       0 before the first step
     *   s->d[i] = v[i] or, if nesterov is set, g + mu v[i]
     *
     * The caller then takes theta -= lr d. */
    for (size_t i = 0; i < s->n; i++)
        s->d[i] = 0;
