    /* The gradient is divided by the number of rows. */
    for (int o = 0; o < p.units; o++) {
        gradus_real sum = 0;
        for (int i = 0; i < p.rows; i++)
            sum += dY[i * out + o];
        db[o] = (p.add ? db[o] : 0) + sum / p.rows;
        for (int k = 0; k < in; k++) {
            sum = 0;
            for (int i = 0; i < p.rows; i++)
                sum += dY[i * out + o] * X[i * in + k];
            dW[o * in + k] = (p.add ? dW[o * in + k] : 0) + sum / p.rows;
        }
    }
