    /* The ReLU's mask is that of dy. */
    for (int i = 0; i < width; i++, c += step) {
        gradus_real d = !z || dy[i] > 0 ? dy[i] : 0;
        d -= f.mean_dy[c] + (x[i] - f.mean[c] - f.rest[c]) * f.slope[c];
        dx[i] = (f.set ? 0 : dx[i]) + f.scale[c] * d;
    }
