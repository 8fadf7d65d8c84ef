    /* dX is set, whatever other layers have added. */
    for (int i = 0; i < p.rows; i++)
        for (int k = 0; k < in; k++) {
            gradus_real sum = 0;
            for (int o = 0; o < out; o++)
                sum += dY[i * out + o] * W[o * in + k];
            dX[i * in + k] = sum;
        }
