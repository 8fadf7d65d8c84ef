/* tile_of_vectors.h -- a tile for one length of vectors.  tile.h includes
 * this file once for each length that processors have: LANES names the type
 * of a vector of BYTES bytes, and TILE the function. */
typedef gradus_real LANES
    __attribute__((vector_size(BYTES), aligned(sizeof(gradus_real)),
                   may_alias));

/* As tile() in tile.h, for vectors of this length.  sum [outs,vectors] is
 * what stays in registers. */
GRADUS_INLINE void TILE(const gradus_tiled *t, bool square, int outs,
                        int vectors, int o, const gradus_real *image,
                        gradus_real *y, size_t run)
{
    const size_t step = square ? t->step : 1, out = (size_t)t->out;
    const int in = t->in, kernel = t->kernel;
    const gradus_real *W = t->W + o;
    LANES sum[TILE_OUTS][TILE_VECTORS];

    for (int k = 0; k < outs; k++)
        for (int q = 0; q < vectors; q++)
            sum[k][q] = (LANES){ 0 } + (t->b ? t->b[o + k] : 0);
    for (int ch = 0; ch < in; ch++, image += t->plane)
        for (int u = 0; u < kernel; u++) {
            const gradus_real *x[TILE_VECTORS];
            for (int q = 0; q < vectors; q++)
                x[q] = image + tile_line(t, BYTES, square, u, q);
            for (int v = 0; v < kernel; v++, W += out)
                for (int k = 0; k < outs; k++)
                    for (int q = 0; q < vectors; q++)
                        sum[k][q] += /* (C8) */
                            W[k] * *(const LANES *)(x[q] + (size_t)v * step);
        }
    for (int k = 0; k < outs; k++)
        for (int q = 0; q < vectors; q++)
            ((LANES *)(y + (size_t)k * run))[q] = sum[k][q];
}

#undef LANES
#undef BYTES
#undef TILE
