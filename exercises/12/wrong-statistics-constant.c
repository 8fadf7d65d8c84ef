    /* The mean and the variance are taken to be constants. */
    for (int i = 0; i < width; i++, c += step) {
        gradus_real d = !z || z[i] > 0 ? dy[i] : 0;
        dx[i] = (f.set ? 0 : dx[i]) + f.scale[c] * d;
    }
