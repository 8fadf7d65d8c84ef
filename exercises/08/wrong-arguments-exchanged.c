    /* t is taken to the power of beta. */
    a->m_scale = 1 / (1 - pow(t, a->o.beta1));
    a->v_scale = 1 / (1 - pow(t, a->o.beta2));
