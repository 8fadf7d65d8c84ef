/* conv2d_tile.h -- a tile of a convolution: the sums
 *
 *   y[o,..] = b[o] + sum_{c,u,v} W[o,c,u,v] image[c,u,v,..]
 *
 * of some channels o, and of some vectors of positions, in registers while the
 * image and W pass by.  conv2d_tiles.h includes this once for each length of
 * vectors: LANES, a vector of BYTES, and TILE, the function's name.  Where the
 * image's numbers are, the file that includes conv2d_tiles.h says: its
 * `convolution` has the distance of the channels, line_of() is where in one the
 * line u of the kernel is for a tile's register q, and step_of() the way from v
 * to v + 1. */
typedef gradus_real LANES
    __attribute__((vector_size(BYTES), aligned(sizeof(gradus_real)),
                   may_alias));

/* `outs` channels from o on, `runs` vectors of each: the two are constants
 * where this is inlined.  Writes y[outs][runs], a channel's `run` apart. */
GRADUS_INLINE void TILE(const convolution *c, int outs, int runs, int o,
                        const gradus_real *image, gradus_real *y, size_t run)
{
    const size_t step = step_of(c), out = (size_t)c->out;
    const int in = c->in, kernel = c->kernel;
    const gradus_real *W = c->W + o;
    LANES sum[MOST_OUT][MOST_RUN];

    for (int k = 0; k < outs; k++)
        for (int q = 0; q < runs; q++)
            sum[k][q] = (LANES){ 0 } + (c->bias ? c->bias[o + k] : 0);
    for (int ch = 0; ch < in; ch++, image += c->plane)
        for (int u = 0; u < kernel; u++) {
            const gradus_real *x[MOST_RUN];
            for (int q = 0; q < runs; q++)
                x[q] = image + line_of(c, u, q, BYTES);
            for (int v = 0; v < kernel; v++, W += out)
                for (int k = 0; k < outs; k++)
                    for (int q = 0; q < runs; q++)
                        sum[k][q] +=
                            W[k] * *(const LANES *)(x[q] + (size_t)v * step);
        }
    for (int k = 0; k < outs; k++)
        for (int q = 0; q < runs; q++)
            ((LANES *)(y + (size_t)k * run))[q] = sum[k][q];
}

#undef LANES
#undef BYTES
#undef TILE
