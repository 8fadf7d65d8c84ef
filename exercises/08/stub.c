    /* Exercise 08.  Compute the bias corrections of step t, which counts from
     * 1, for `direction` below, which multiplies m and v by them:
     *
     *   a->m_scale = 1 / (1 - beta1^t)
     *   a->v_scale = 1 / (1 - beta2^t)
     *
     * The betas are a->o.beta1 and a->o.beta2. */
