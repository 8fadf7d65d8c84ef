/* winograd_of_vectors.h -- the steps of winograd.h for one length of vectors.
 * winograd.c includes this file once for each length: LANES names the type of
 * a vector of BYTES bytes, FOR is the instruction set, and NAME(f) the name of
 * function f. */
typedef gradus_real LANES
    __attribute__((vector_size(BYTES), aligned(sizeof(gradus_real)),
                   may_alias));

/* ---- one dimension; t [6] has a value for each point ------------------- */

/* t = B' d for d [6]: one side of (C10).  Numbers of t are `apart` vectors
 * apart. */
FOR GRADUS_INLINE void NAME(interpolate)(const LANES *d, LANES *t, int apart)
{
    const LANES p = d[4] - 4 * d[2], q = d[3] - 4 * d[1], r = d[4] - d[2],
                s = 2 * (d[3] - d[1]);

    t[0] = 4 * d[0] - 5 * d[2] + d[4];
    t[apart] = p + q;
    t[2 * apart] = p - q;
    t[3 * apart] = r + s;
    t[4 * apart] = r - s;
    t[5 * apart] = 4 * d[1] - 5 * d[3] + d[5];
}

/* t = A a for a [n].  Numbers of t are `apart` vectors apart. */
FOR GRADUS_INLINE void NAME(evaluate)(int n, const LANES *a, LANES *t,
                                      int apart)
{
    LANES even1 = a[0], odd1 = a[1]; /* of the value at 1 */
    LANES even2 = a[0], odd2 = 2 * a[1]; /* and at 2 */

    for (int i = 2; i < n; i += 2) {
        even1 += a[i];
        even2 += (gradus_real)(1 << i) * a[i];
    }
    for (int i = 3; i < n; i += 2) {
        odd1 += a[i];
        odd2 += (gradus_real)(1 << i) * a[i];
    }
    t[0] = a[0];
    t[apart] = even1 + odd1;
    t[2 * apart] = even1 - odd1;
    t[3 * apart] = even2 + odd2;
    t[4 * apart] = even2 - odd2;
    t[5 * apart] = a[n - 1];
}

/* a = A' t for a [n].  Numbers of a are `apart` vectors apart. */
FOR GRADUS_INLINE void NAME(collect)(int n, const LANES *t, LANES *a,
                                     int apart)
{
    const LANES even1 = t[1] + t[2], odd1 = t[1] - t[2];
    const LANES even2 = t[3] + t[4], odd2 = t[3] - t[4];

    for (int i = 0; i < n; i++)
        a[i * apart] = i % 2 ? odd1 + (gradus_real)(1 << i) * odd2
                             : even1 + (gradus_real)(1 << i) * even2;
    a[0] += t[0];
    a[(n - 1) * apart] += t[5];
}

/* ---- two dimensions: first the columns, then the lines ----------------- */

/* Writes A a A' (C13) to the planes of `to`, or G a G' (C11) for weights.
 * a [n,n] has its lines and columns `line` and `column` numbers apart. */
FOR GRADUS_INLINE void NAME(evaluate2)(int n, bool weights,
                                       const gradus_real *a, size_t line,
                                       size_t column, gradus_real *to,
                                       size_t plane)
{
    LANES t[VALUES], v[POINTS];

    for (int j = 0; j < n; j++) {
        for (int i = 0; i < n; i++)
            v[i] = *(const LANES *)(a + (size_t)i * line + (size_t)j * column);
        NAME(evaluate)(n, v, t + j, POINTS);
    }
    for (int i = 0; i < POINTS; i++) {
        NAME(evaluate)(n, t + POINTS * i, v, 1);
        for (int j = 0; j < POINTS; j++, to += plane) {
            if (weights)
                v[j] *= over_N[i] * over_N[j];
            *(LANES *)to = v[j];
        }
    }
}

/* a [n,n] = A' t A (C12) of the planes of t, or G' t G (C15) for weights. */
FOR GRADUS_INLINE void NAME(collect2)(int n, bool weights,
                                      const gradus_real *t, size_t plane,
                                      LANES *a)
{
    LANES c[VALUES], v[POINTS];

    for (int i = 0; i < POINTS; i++) {
        for (int j = 0; j < POINTS; j++, t += plane) {
            v[j] = *(const LANES *)t;
            if (weights)
                v[j] *= over_N[i] * over_N[j];
        }
        NAME(collect)(n, v, c + i, POINTS);
    }
    for (int j = 0; j < n; j++)
        NAME(collect)(n, c + POINTS * j, a + j, n);
}

FOR static void NAME(image)(const gradus_winograd *w, const gradus_real *image,
                            int first, int n, gradus_real *V)
{
    for (int k = 0; k < n; k++, V += w->in_wide) {
        const gradus_real *d = image + tile_at(w, &w->x, w->image, first + k);
        for (int c = 0; c < w->in_wide; c += BYTES / sizeof *V) {
            LANES t[VALUES], v[POINTS];
            gradus_real *to = V + c;
            for (int j = 0; j < POINTS; j++) {
                for (int i = 0; i < POINTS; i++)
                    v[i] = *(const LANES *)(d + (size_t)i * w->x.line +
                                            (size_t)j * w->x.pixel + c);
                NAME(interpolate)(v, t + j, POINTS);
            }
            for (int i = 0; i < POINTS; i++) {
                NAME(interpolate)(t + POINTS * i, v, 1);
                for (int j = 0; j < POINTS; j++, to += w->v_plane)
                    *(LANES *)to = v[j];
            }
        }
    }
}

/* ---- for one side of a tile, a constant, so that loops are unrolled ---- */

FOR GRADUS_INLINE void NAME(result_of)(int side, const gradus_winograd *w,
                                       const gradus_real *M,
                                       const gradus_real *b, int first, int n,
                                       gradus_real *y)
{
    const bool relu = w->relu;

    for (int k = 0; k < n; k++, M += w->out_wide) {
        gradus_real *to = y + tile_at(w, &w->y, w->result, first + k);
        for (int c = 0; c < w->out_wide; c += BYTES / sizeof *y) {
            LANES a[(POINTS - 1) * (POINTS - 1)];
            NAME(collect2)(side, false, M + c, w->m_plane, a);
            for (int i = 0; i < side; i++)
                for (int j = 0; j < side; j++) {
                    LANES z = a[side * i + j] + *(const LANES *)(b + c);
                    if (relu) /* as in relu.h, -inf gives NaN */
                        z = (LANES)((__typeof__(z < 0))z & ~(z < 0)) + 0 * z;
                    *(LANES *)(to + (size_t)i * w->y.line +
                               (size_t)j * w->y.pixel + c) = z;
                }
        }
    }
}

FOR GRADUS_INLINE void NAME(gradient_of)(int side, const gradus_winograd *w,
                                         const gradus_real *dy,
                                         const gradus_pixels *p, size_t image,
                                         int first, int n, gradus_real *M)
{
    for (int k = 0; k < n; k++, M += w->out_wide) {
        const gradus_real *from = dy + tile_at(w, p, image, first + k);
        for (int c = 0; c < w->out_wide; c += BYTES / sizeof *dy)
            NAME(evaluate2)(side, false, from + c, p->line, p->pixel, M + c,
                            w->m_plane);
    }
}

FOR GRADUS_INLINE void NAME(weights_of)(int k, const gradus_winograd *w,
                                        const gradus_real *kernel,
                                        gradus_real *U)
{
    const size_t wide = (size_t)w->out_wide;

    for (size_t c = 0; c < wide; c += BYTES / sizeof *U)
        NAME(evaluate2)(k, true, kernel + c, (size_t)k * wide, wide, U + c,
                        w->u_plane);
}

FOR GRADUS_INLINE void NAME(weights_back_of)(int k, const gradus_winograd *w,
                                             const gradus_real *U,
                                             gradus_real *kernel)
{
    const size_t wide = (size_t)w->out_wide;

    for (size_t c = 0; c < wide; c += BYTES / sizeof *U) {
        LANES a[(POINTS - 1) * (POINTS - 1)];
        NAME(collect2)(k, true, U + c, w->u_plane, a);
        for (size_t i = 0; i < (size_t)(k * k); i++)
            *(LANES *)(kernel + i * wide + c) = a[i];
    }
}

/* ---- for any side ------------------------------------------------------ */

FOR static void NAME(result)(const gradus_winograd *w, const gradus_real *M,
                             const gradus_real *b, int first, int n,
                             gradus_real *y)
{
    switch (w->side) {
    case 2: NAME(result_of)(2, w, M, b, first, n, y); break;
    case 3: NAME(result_of)(3, w, M, b, first, n, y); break;
    case 4: NAME(result_of)(4, w, M, b, first, n, y); break;
    default: NAME(result_of)(5, w, M, b, first, n, y);
    }
}

FOR static void NAME(gradient)(const gradus_winograd *w, const gradus_real *dy,
                               const gradus_pixels *p, size_t image, int first,
                               int n, gradus_real *M)
{
    switch (w->side) {
    case 2: NAME(gradient_of)(2, w, dy, p, image, first, n, M); break;
    case 3: NAME(gradient_of)(3, w, dy, p, image, first, n, M); break;
    case 4: NAME(gradient_of)(4, w, dy, p, image, first, n, M); break;
    default: NAME(gradient_of)(5, w, dy, p, image, first, n, M);
    }
}

FOR static void NAME(weights)(const gradus_winograd *w,
                              const gradus_real *kernel, gradus_real *U)
{
    switch (w->kernel) {
    case 2: NAME(weights_of)(2, w, kernel, U); break;
    case 3: NAME(weights_of)(3, w, kernel, U); break;
    case 4: NAME(weights_of)(4, w, kernel, U); break;
    default: NAME(weights_of)(5, w, kernel, U);
    }
}

FOR static void NAME(weights_back)(const gradus_winograd *w,
                                   const gradus_real *U, gradus_real *kernel)
{
    switch (w->kernel) {
    case 2: NAME(weights_back_of)(2, w, U, kernel); break;
    case 3: NAME(weights_back_of)(3, w, U, kernel); break;
    case 4: NAME(weights_back_of)(4, w, U, kernel); break;
    default: NAME(weights_back_of)(5, w, U, kernel);
    }
}

#undef LANES
#undef BYTES
#undef FOR
#undef NAME
