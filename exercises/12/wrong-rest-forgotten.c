    /* The mean is taken without its rest. */
    for (int i = 0; i < width; i++, c += step) {
        gradus_real d = !z || z[i] > 0 ? dy[i] : 0;
        d -= f.mean_dy[c] + (x[i] - f.mean[c]) * f.slope[c];
        dx[i] = (f.set ? 0 : dx[i]) + f.scale[c] * d;
    }
