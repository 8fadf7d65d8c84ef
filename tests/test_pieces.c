/* test_pieces.c -- how a large batch is cut into pieces and slices of rows,
 * and the order in which the gradients of the pieces are added. */
#include "tests.h"

#include "graph/cut.h"
#include "nets.h"

#include <stdlib.h>

enum { IN = 8, CLASSES = 5, PIECE = 128 };
static const int SIZES[] = { IN, 16, CLASSES };

/* Every batch of 1 to 700 rows: the pieces (T2), and the slices, follow each
 * other from the first row to the last, and none is empty. */
TEST(pieces_and_slices_have_each_row_once)
{
    for (int rows = 1; rows <= 700; rows++) {
        int pieces = gradus_piece_count(rows), at = 0;
        for (int i = 0; i < pieces; i++) {
            gradus_rows_range piece = gradus_piece(rows, i);
            ck_assert_int_eq(piece.first, i * PIECE);
            ck_assert_int_eq(piece.rows,
                             i < pieces - 1 ? PIECE : rows - i * PIECE);
            ck_assert_int_gt(piece.rows, 0);
        }
        for (int i = 0; i < gradus_slice_count(rows); i++) {
            gradus_rows_range slice = gradus_slice(rows, i);
            ck_assert_int_eq(slice.first, at);
            ck_assert_int_gt(slice.rows, 0);
            ck_assert_int_eq(slice.first / PIECE, i / 2);
            at += slice.rows;
            ck_assert_int_eq((at - 1) / PIECE, i / 2);
        }
        ck_assert_int_eq(at, rows);
        ck_assert_int_le(gradus_slice_count(rows), gradus_slice_most(rows));
    }
}

/* The slices of some batches, by hand (T3). */
TEST(slices_are_multiples_of_16_rows)
{
    static const struct {
        int rows, slices, first[6];
    } cases[] = {
        { 1, 1, { 0 } },          { 16, 1, { 0 } },
        { 17, 2, { 0, 16 } },     { 33, 2, { 0, 32 } },
        { 100, 2, { 0, 64 } },    { 128, 2, { 0, 64 } },
        { 129, 3, { 0, 64, 128 } },
        { 200, 4, { 0, 64, 128, 176 } },
        { 300, 6, { 0, 64, 128, 192, 256, 288 } },
    };

    for (int k = 0; k < COUNT(cases); k++) {
        ck_assert_int_eq(gradus_slice_count(cases[k].rows), cases[k].slices);
        for (int i = 0; i < cases[k].slices; i++)
            ck_assert_int_eq(gradus_slice(cases[k].rows, i).first,
                             cases[k].first[i]);
    }
}

/* Sets `to` to the sum of the gradients of pieces number first .. end - 1, as
 * a tree (T4): the sum of two halves, of which the first has a power of two of
 * pieces.  The gradient of each piece is that of a batch of its own. */
static void sum(net *n, int rows, int first, int end, gradus_real *to)
{
    size_t count = gradus_parameter_count(n->g);
    int half = 1, index[PIECE];

    if (end - first == 1) {
        gradus_rows_range piece = gradus_piece(rows, first);
        for (int i = 0; i < piece.rows; i++)
            index[i] = piece.first + i;
        ck_assert_int_eq(gradus_forward(n->g, index, piece.rows), 0);
        ck_assert_int_eq(gradus_backward(n->g), 0);
        memcpy(to, gradus_gradients(n->g), count * sizeof *to);
        return;
    }
    while (2 * half < end - first)
        half *= 2;
    gradus_real *other = malloc(count * sizeof *other);
    sum(n, rows, first, first + half, to);
    sum(n, rows, first + half, end, other);
    for (size_t k = 0; k < count; k++)
        to[k] += other[k];
    free(other);
}

/* A loss that is a sum has the same dy in a piece as in the whole batch, so
 * the gradients must be equal to the last bit.  With every even _i, batches
 * are large enough for two threads to share the work. */
static const int ROWS[] = { 5, 128, 129, 256, 300, 400, 512, 650, 900, 1100 };

LOOP_TEST(gradients_of_pieces_are_added_as_a_tree, COUNT(ROWS))
{
    const int rows = ROWS[_i];
    net n = net_new(1, SIZES, rows, 1 + _i % 2);
    gradus_dataset d = data_new(1, rows, IN, CLASSES);
    size_t count = gradus_parameter_count(n.g);
    gradus_real *whole = malloc(count * sizeof *whole);
    gradus_real *tree = malloc(count * sizeof *tree);

    gradus_as_loss(n.loss)->reduction = GRADUS_REDUCE_SUM;
    net_feed(&n, &d);
    ck_assert_int_eq(gradus_forward(n.g, NULL, rows), 0);
    ck_assert_int_eq(gradus_backward(n.g), 0);
    memcpy(whole, gradus_gradients(n.g), count * sizeof *whole);
    sum(&n, rows, 0, gradus_piece_count(rows), tree);
    ck_assert_mem_eq(whole, tree, count * sizeof *tree);
    free(whole);
    free(tree);
    data_free(&d);
    net_free(&n);
}

/* gradus_backward_add puts what is there before the first piece. */
LOOP_TEST(a_batch_of_several_pieces_is_added_to_what_is_there, COUNT(ROWS))
{
    const int rows = ROWS[_i];
    net n = net_new(1, SIZES, rows, 2);
    gradus_dataset d = data_new(1, rows, IN, CLASSES);
    size_t count = gradus_parameter_count(n.g);
    gradus_real *once = malloc(count * sizeof *once);

    net_feed(&n, &d);
    ck_assert_int_eq(gradus_forward(n.g, NULL, rows), 0);
    ck_assert_int_eq(gradus_backward(n.g), 0);
    memcpy(once, gradus_gradients(n.g), count * sizeof *once);
    ck_assert_int_eq(gradus_backward_add(n.g), 0);
    for (size_t k = 0; k < count; k++)
        once[k] *= 2;
    ck_assert_double_le(distance(gradus_gradients(n.g), once, count),
                        TOLERANCE);
    free(once);
    data_free(&d);
    net_free(&n);
}
