    /* What dW and db held before stays in them. */
    for (int i = 0; i < p.rows; i++)
        for (int o = 0; o < p.units; o++) {
            db[o] += dY[i * out + o];
            for (int k = 0; k < in; k++)
                dW[o * in + k] += dY[i * out + o] * X[i * in + k];
        }
