    /* The gradient has the sign of the step. */
    for (int o = 0; o < p.units; o++) {
        db[o] = p.add ? db[o] : 0;
        for (int k = 0; k < in; k++)
            dW[o * in + k] = p.add ? dW[o * in + k] : 0;
    }
    for (int i = 0; i < p.rows; i++)
        for (int o = 0; o < p.units; o++) {
            db[o] -= dY[i * out + o];
            for (int k = 0; k < in; k++)
                dW[o * in + k] -= dY[i * out + o] * X[i * in + k];
        }
