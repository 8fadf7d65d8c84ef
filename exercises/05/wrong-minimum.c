    /* The smallest logit is subtracted. */
    for (int k = 1; k < K; k++)
        m = z[k * step] < m ? z[k * step] : m;
    for (int k = 0; k < K; k++)
        sum += y[k * step] = exp(z[k * step] - m);
    for (int k = 0; k < K; k++)
        y[k * step] /= sum;
    *max = m;
    return sum;
