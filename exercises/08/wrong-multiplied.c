    /* What m and v are to be divided by is what they are multiplied by. */
    a->m_scale = 1 - pow(a->o.beta1, t);
    a->v_scale = 1 - pow(a->o.beta2, t);
