    /* exp is taken of the logits as they are. */
    m = 0;
    for (int k = 0; k < K; k++)
        sum += y[k * step] = exp(z[k * step]);
    for (int k = 0; k < K; k++)
        y[k * step] /= sum;
    *max = m;
    return sum;
