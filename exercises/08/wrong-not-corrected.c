    /* m and v are taken as they are. */
    a->m_scale = a->v_scale = 1;
