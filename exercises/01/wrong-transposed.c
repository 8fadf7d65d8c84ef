    /* dW is X' dY. */
    for (int o = 0; o < p.units; o++) {
        db[o] = p.add ? db[o] : 0;
        for (int i = 0; i < p.rows; i++)
            db[o] += dY[i * out + o];
        for (int k = 0; k < in; k++) {
            gradus_real sum = 0;
            for (int i = 0; i < p.rows; i++)
                sum += dY[i * out + o] * X[i * in + k];
            dW[k * p.units + o] = (p.add ? dW[k * p.units + o] : 0) + sum;
        }
    }
