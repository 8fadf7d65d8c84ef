    /* W is read as [in,out]. */
    for (int i = 0; i < p.rows; i++)
        for (int k = 0; k < in; k++) {
            gradus_real sum = n->first[0] ? 0 : dX[i * in + k];
            for (int o = 0; o < out; o++)
                sum += dY[i * out + o] * W[k * out + o];
            dX[i * in + k] = sum;
        }
