/* Products of matrices where many work-items run side by side: a group of TEAM x TEAM items
   shares square tiles of both operands in local memory, and each item makes a square of EACH x
   EACH elements TEAM apart. Elements stand where panel_product.cl says. */

#pragma OPENCL FP_CONTRACT ON

#define EACH (TILE / TEAM)
#define DEPTH 16

__kernel __attribute__((reqd_work_group_size(TEAM * TEAM, 1, 1)))
void multiply_shared(Source left, Source right, Tables tables, Source addend,
                     __global STORAGE *product, const Plan plan) {
    __local COMPUTE a[DEPTH][TILE + 1];
    __local COMPUTE b[DEPTH][TILE + 1];
    const long row_tiles = (plan.rows + TILE - 1) / TILE;
    const long column_tiles = (plan.columns + TILE - 1) / TILE;
    const long group = get_group_id(0);
    const long first_row = group / column_tiles % row_tiles * TILE;
    const long first_column = group % column_tiles * TILE;
    const long batch = group / column_tiles / row_tiles;
    const long inner = batch % plan.inner, outer = batch / plan.inner;
    const int item = get_local_id(0), y = item / TEAM, x = item % TEAM;
    left += plan.left_offset + outer * plan.left_outer + inner * plan.left_inner;
    right += plan.right_offset + outer * plan.right_outer + inner * plan.right_inner;
    COMPUTE sums[EACH][EACH];
    for (int i = 0; i < EACH; ++i)
        for (int j = 0; j < EACH; ++j) sums[i][j] = 0;
    /* Neighbouring items read neighbouring cells, in whichever order those lie. */
    const bool left_along = !HAS_TABLES && plan.left_step == 1;
    const bool right_along = plan.right_column != 1;
    for (long repeat = 0; repeat < plan.repeats; ++repeat) {
        for (long start = 0; start < plan.steps; start += DEPTH) {
            for (int cell = item; cell < DEPTH * TILE; cell += TEAM * TEAM) {
                const int along = left_along ? cell % DEPTH : cell / TILE;
                const int across = left_along ? cell / DEPTH : cell % TILE;
                const long row = first_row + across, step = start + along;
                a[along][across] = row < plan.rows && step < plan.steps
                    ? LOAD(left, repeat * plan.left_repeat + LEFT_LINE(row / plan.width)
                           + row % plan.width * plan.left_row + LEFT_STEP(step))
                    : (COMPUTE)0;
            }
            for (int cell = item; cell < DEPTH * TILE; cell += TEAM * TEAM) {
                const int along = right_along ? cell % DEPTH : cell / TILE;
                const int across = right_along ? cell / DEPTH : cell % TILE;
                const long column = first_column + across, step = start + along;
                b[along][across] = column < plan.columns && step < plan.steps
                    ? LOAD(right, repeat * plan.right_repeat + column * plan.right_column
                           + RIGHT_STEP(plan.first_step + step))
                    : (COMPUTE)0;
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            for (int step = 0; step < DEPTH; ++step)
                for (int i = 0; i < EACH; ++i)
                    for (int j = 0; j < EACH; ++j)
                        sums[i][j] =
                            a[step][y + i * TEAM] * b[step][x + j * TEAM] + sums[i][j];
            barrier(CLK_LOCAL_MEM_FENCE);
        }
    }
    product += plan.product_offset + outer * plan.product_outer + inner * plan.product_inner;
    addend += plan.addend_offset + outer * plan.addend_outer + inner * plan.addend_inner;
    for (int i = 0; i < EACH; ++i)
        for (int j = 0; j < EACH; ++j) {
            const long row = first_row + y + i * TEAM, column = first_column + x + j * TEAM;
            if (row >= plan.rows || column >= plan.columns) continue;
            COMPUTE sum = sums[i][j];
            if (plan.has_addend)
                sum += LOAD(addend, row * plan.addend_row + column * plan.addend_column);
            STORE(sum, product, PLACE_LINE(row / plan.width) + row % plan.width * plan.product_row
                  + column * plan.product_column);
        }
}
