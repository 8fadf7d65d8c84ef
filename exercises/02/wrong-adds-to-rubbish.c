    /* dX is added to, even where it holds nothing yet. */
    for (int i = 0; i < p.rows; i++)
        for (int k = 0; k < in; k++)
            for (int o = 0; o < out; o++)
                dX[i * in + k] += dY[i * out + o] * W[o * in + k];
