    /* v is not corrected. */
    a->m_scale = 1 / (1 - pow(a->o.beta1, t));
    a->v_scale = 1;
