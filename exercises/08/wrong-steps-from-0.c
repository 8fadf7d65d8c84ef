    /* t is 0 in the first step. */
    a->m_scale = 1 / (1 - pow(a->o.beta1, t - 1));
    a->v_scale = 1 / (1 - pow(a->o.beta2, t - 1));
