/* product_of_vectors.h -- the products of product.h for one length of vectors.
 * product.c includes this file once for each length: LANES names the type of
 * a vector of BYTES bytes, FOR is the instruction set, ROWS how many rows of C
 * stay in registers, and NAME(f) the name of function f. */
typedef gradus_real LANES
    __attribute__((vector_size(BYTES), aligned(sizeof(gradus_real)),
                   may_alias));

/* Sets a [rows] and c [rows] to how far behind row number `row` of A and C the
 * rows from there on begin; but with pixels, behind pixel 0, as their lines
 * lie farther apart.  Beyond the last pixel it is the last one again, which is
 * computed anew with the same result.
 *
 * Here and below, `pixels` is whether p->across is above 0, as a constant. */
FOR GRADUS_INLINE void NAME(find)(const gradus_product *p, bool pixels,
                                  int rows, int row, size_t *a, size_t *c)
{
    int line = pixels ? row / p->across : 0;
    int j = pixels ? row % p->across : 0;

    for (int r = 0; r < rows; r++) {
        a[r] = (size_t)line * p->a_down + (size_t)j * p->a_row;
        c[r] = (size_t)line * p->c_down + (size_t)j * p->c_row;
        if (pixels && row + r + 1 >= p->rows)
            continue;
        j++;
        if (pixels && j == p->across) {
            j = 0;
            line++;
        }
    }
}

/* `rows` rows of C, at most ROWS, from `row` on, and `vectors` vectors of
 * each, from column c on.  The sums stay in registers: each number of A that
 * is read is used for all vectors, and each vector of B for all rows. */
FOR GRADUS_INLINE void NAME(part)(const gradus_product *p, bool pixels,
                                  int rows, int vectors, int row, int c)
{
    const size_t wide = (size_t)p->wide, step = p->a_step;
    const size_t first = pixels ? 0 : (size_t)row;
    const gradus_real *A = p->A + first * p->a_row, *B = p->B + c;
    gradus_real *C = p->C + first * p->c_row + c;
    size_t a_at[ROWS], c_at[ROWS];
    LANES sum[ROWS][3];

    NAME(find)(p, pixels, rows, row, a_at, c_at);
    for (int r = 0; r < rows; r++)
        for (int q = 0; q < vectors; q++)
            if (p->add)
                sum[r][q] = ((const LANES *)(C + c_at[r]))[q];
            else
                sum[r][q] = (LANES){ 0 };
    for (int l = 0; l < p->lines; l++, A += p->a_line, B += p->b_line) {
        const gradus_real *a = A, *b = B;
        for (int k = 0; k < p->depth; k++, a += step, b += wide)
            for (int r = 0; r < rows; r++)
                for (int q = 0; q < vectors; q++)
                    sum[r][q] += a[a_at[r]] * ((const LANES *)b)[q];
    }
    for (int r = 0; r < rows; r++)
        for (int q = 0; q < vectors; q++)
            ((LANES *)(C + c_at[r]))[q] = sum[r][q];
}

/* A column of C.  The last rows are half as many if that is enough. */
FOR GRADUS_INLINE void NAME(column)(const gradus_product *p, bool pixels,
                                    int vectors, int c)
{
    int row = 0;

    for (; row < p->rows - ROWS / 2; row += ROWS)
        NAME(part)(p, pixels, ROWS, vectors, row, c);
    if (row < p->rows)
        NAME(part)(p, pixels, ROWS / 2, vectors, row, c);
}

/* All of C, in columns of 3 vectors, or of 2 or 1 at the end; 4 are taken as 2
 * and 2. */
FOR GRADUS_INLINE void NAME(columns)(const gradus_product *p, bool pixels)
{
    const int lanes = BYTES / (int)sizeof *p->C;

    for (int c = 0, n; c < p->wide; c += n * lanes) {
        n = (p->wide - c) / lanes;
        n = n == 4 ? 2 : n > 3 ? 3 : n;
        if (n == 3)
            NAME(column)(p, pixels, 3, c);
        else if (n == 2)
            NAME(column)(p, pixels, 2, c);
        else
            NAME(column)(p, pixels, 1, c);
    }
}

FOR static void NAME(multiply)(const gradus_product *p)
{
    if (p->across)
        NAME(columns)(p, true);
    else
        NAME(columns)(p, false);
}

#undef LANES
#undef BYTES
#undef ROWS
#undef FOR
#undef NAME
