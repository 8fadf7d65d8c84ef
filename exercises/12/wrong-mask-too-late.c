    /* The ReLU's mask is that of dx, and not of dy. */
    for (int i = 0; i < width; i++, c += step) {
        gradus_real d = dy[i] - f.mean_dy[c] -
                        (x[i] - f.mean[c] - f.rest[c]) * f.slope[c];
        d = !z || z[i] > 0 ? d : 0;
        dx[i] = (f.set ? 0 : dx[i]) + f.scale[c] * d;
    }
