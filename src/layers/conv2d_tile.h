/* conv2d_tile.h -- a tile of conv2d_direct.c, which includes this once for each
 * length of vectors that processors have: LANES, a vector of BYTES, and TILE,
 * the function's name. */
typedef gradus_real LANES
    __attribute__((vector_size(BYTES), aligned(sizeof(gradus_real)),
                   may_alias));

/* `outs` channels from o on, `runs` vectors of each: the two are constants
 * where this is inlined.  image and y are those of the first position. */
GRADUS_INLINE void TILE(const convolution *c, int outs, int runs, int o,
                        const gradus_real *image, gradus_real *y, size_t run)
{
    const size_t pitch = c->way.pitch, plane = c->way.plane;
    const size_t out = (size_t)c->way.out;
    const int in = c->way.in, kernel = c->way.kernel;
    const gradus_real *W = c->W + o;
    LANES sum[MOST_OUT][MOST_RUN];

    for (int k = 0; k < outs; k++)
        for (int q = 0; q < runs; q++)
            sum[k][q] = (LANES){ 0 } + (c->bias ? c->bias[o + k] : 0);
    for (int ch = 0; ch < in; ch++, image += plane)
        for (int u = 0; u < kernel; u++)
            for (int v = 0; v < kernel; v++, W += out) {
                const LANES *x =
                    (const LANES *)(image + (size_t)u * pitch + v);
                for (int k = 0; k < outs; k++)
                    for (int q = 0; q < runs; q++)
                        sum[k][q] += W[k] * x[q];
            }
    for (int k = 0; k < outs; k++)
        for (int q = 0; q < runs; q++)
            ((LANES *)(y + (size_t)k * run))[q] = sum[k][q];
}

#undef LANES
#undef BYTES
#undef TILE
