    /* The maximum is never below -1000. */
    m = -1000;
    for (int k = 0; k < K; k++)
        m = z[k * step] > m ? z[k * step] : m;
    for (int k = 0; k < K; k++)
        sum += y[k * step] = exp(z[k * step] - m);
    for (int k = 0; k < K; k++)
        y[k * step] /= sum;
    *max = m;
    return sum;
