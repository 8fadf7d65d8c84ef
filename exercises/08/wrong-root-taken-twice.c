    /* The correction of v has the root of `direction` in it. */
    a->m_scale = 1 / (1 - pow(a->o.beta1, t));
    a->v_scale = 1 / sqrt(1 - pow(a->o.beta2, t));
