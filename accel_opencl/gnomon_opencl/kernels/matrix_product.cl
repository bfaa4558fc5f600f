/* Products of batches of matrices, (b, n, k) by (b, k, m).

   A processor packs both operands, so that the innermost loop reads memory in one order whatever
   the strides were: the left one in strips of ROWS rows, the right one in strips of COLUMNS
   columns, padded with zeros. A work-item then keeps one tile of the result in registers.
   Elsewhere, groups of work-items share tiles of both operands in local memory. */

#pragma OPENCL FP_CONTRACT ON

#define COLUMNS (VECTORS * LANES)
/* Steps along k that one work-item packs. */
#define CHUNK 256
/* Steps that are packed together, so that each cache line is read once in either order. */
#define BLOCK 16

typedef __global const STORAGE *Source;
typedef __global COMPUTE *Packed;

static inline void pack_strip(Source source, long at, long lane_stride, long step_stride,
                              int lanes, long first, long last, Packed packed, int width) {
    for (long start = first; start < last; start += BLOCK) {
        const long end = min(start + BLOCK, last);
        if (lane_stride == 1 && lanes == width) {
            for (long step = start; step < end; ++step)
                for (int lane = 0; lane < width; ++lane)
                    packed[step * width + lane] = LOAD(source, at + step * step_stride + lane);
        } else {
            for (int lane = 0; lane < width; ++lane) {
                const long row = at + lane * lane_stride;
                for (long step = start; step < end; ++step)
                    packed[step * width + lane] =
                        lane < lanes ? LOAD(source, row + step * step_stride) : (COMPUTE)0;
            }
        }
    }
}

/* One item packs CHUNK steps of one strip of one matrix of the batch. */
static inline void pack_item(Source source, Packed packed, const Plan plan, long size,
                             long offset, long batch_stride, long lane_stride,
                             long step_stride, int width) {
    const long strips = (size + width - 1) / width;
    const long chunks = (plan.depth + CHUNK - 1) / CHUNK;
    const long item = get_global_id(0);
    const long chunk = item % chunks, strip = item / chunks % strips;
    const long batch = item / chunks / strips;
    const long first = chunk * CHUNK, last = min(first + CHUNK, (long)plan.depth);
    const long at = offset + batch * batch_stride + strip * width * lane_stride;
    const int lanes = (int)min((long)width, size - strip * width);
    pack_strip(source, at, lane_stride, step_stride, lanes, first, last,
               packed + (batch * strips + strip) * plan.depth * width, width);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void pack_left(__global const STORAGE *source, __global COMPUTE *packed, const Plan plan) {
    pack_item(source, packed, plan, plan.rows, plan.offset1, plan.stride1_0, plan.stride1_1,
              plan.stride1_2, ROWS);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void pack_right(__global const STORAGE *source, __global COMPUTE *packed, const Plan plan) {
    pack_item(source, packed, plan, plan.columns, plan.offset2, plan.stride2_0, plan.stride2_2,
              plan.stride2_1, COLUMNS);
}

/* The packed operands are whole buffers, which OpenCL aligns for any vector. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void multiply_packed(__global const COMPUTE *left, __global const COMPUTE *right,
                     __global STORAGE *product, const Plan plan) {
    const long row_strips = (plan.rows + ROWS - 1) / ROWS;
    const long column_strips = (plan.columns + COLUMNS - 1) / COLUMNS;
    const long item = get_global_id(0);
    const long row_strip = item % row_strips, column_strip = item / row_strips % column_strips;
    const long batch = item / row_strips / column_strips;
    __global const COMPUTE *a = left + (batch * row_strips + row_strip) * plan.depth * ROWS;
    __global const VECTOR *b = (__global const VECTOR *)right
        + (batch * column_strips + column_strip) * plan.depth * VECTORS;
    VECTOR sums[ROWS * VECTORS];
#pragma unroll
    for (int i = 0; i < ROWS * VECTORS; ++i) sums[i] = (VECTOR)(0);
    for (long step = 0; step < plan.depth; ++step) {
#pragma unroll
        for (int row = 0; row < ROWS; ++row) {
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                sums[row * VECTORS + v] = (VECTOR)(a[row]) * b[v] + sums[row * VECTORS + v];
        }
        a += ROWS;
        b += VECTORS;
    }
    /* A copy: an array that is read by a variable index is not kept in registers. */
    VECTOR tile[ROWS * VECTORS];
#pragma unroll
    for (int i = 0; i < ROWS * VECTORS; ++i) tile[i] = sums[i];
    const COMPUTE *cells = (const COMPUTE *)tile;
    const long first_row = row_strip * ROWS, first_column = column_strip * COLUMNS;
    const int rows = (int)min((long)ROWS, plan.rows - first_row);
    const int columns = (int)min((long)COLUMNS, plan.columns - first_column);
    for (int row = 0; row < rows; ++row) {
        const long at = plan.offset0 + batch * plan.stride0_0
            + (first_row + row) * plan.stride0_1 + first_column * plan.stride0_2;
        for (int column = 0; column < columns; ++column)
            STORE(cells[row * COLUMNS + column], product, at + column * plan.stride0_2);
    }
}

/* One item makes one element: for products too small to be worth packing. */
__kernel void multiply_directly(__global const STORAGE *left, __global const STORAGE *right,
                                __global STORAGE *product, const Plan plan) {
    const long item = get_global_id(0);
    if (item >= plan.batch * plan.rows) return;
    const long row = item % plan.rows, batch = item / plan.rows;
    const long from_left = plan.offset1 + batch * plan.stride1_0 + row * plan.stride1_1;
    const long to = plan.offset0 + batch * plan.stride0_0 + row * plan.stride0_1;
    for (long column = 0; column < plan.columns; ++column) {
        const long from_right = plan.offset2 + batch * plan.stride2_0 + column * plan.stride2_2;
        COMPUTE sum = 0;
        for (long step = 0; step < plan.depth; ++step)
            sum = LOAD(left, from_left + step * plan.stride1_2)
                * LOAD(right, from_right + step * plan.stride2_1) + sum;
        STORE(sum, product, to + column * plan.stride0_2);
    }
}

/* A matrix times a vector. A work-item makes LENGTH rows over one part of the steps; partial
   sums are laid out (part, batch, row) and added in that order by add_partial_sums. */
#define LENGTH 64

__kernel void multiply_by_vector(__global const STORAGE *matrix, __global const STORAGE *vector,
                                 __global COMPUTE *partial, const Plan plan) {
    const long strips = (plan.rows + plan.together - 1) / plan.together;
    const long item = get_global_id(0);
    const long strip = item % strips, batch = item / strips % plan.batch;
    const long part = item / strips / plan.batch;
    if (part >= plan.parts) return;
    const long first = part * plan.part_steps;
    const long last = min(first + plan.part_steps, (long)plan.depth);
    const long row = strip * plan.together;
    const int rows = (int)min((long)plan.together, plan.rows - row);
    const long at = plan.offset1 + batch * plan.stride1_0 + row * plan.stride1_1;
    const long from = plan.offset2 + batch * plan.stride2_0;
    COMPUTE sums[LENGTH];
    for (int i = 0; i < LENGTH; ++i) sums[i] = 0;
    if (plan.stride1_1 == 1 && rows == LENGTH) {
        for (long step = first; step < last; ++step) {
            const COMPUTE factor = LOAD(vector, from + step * plan.stride2_1);
            const long line = at + step * plan.stride1_2;
            for (int i = 0; i < LENGTH; ++i)
                sums[i] = LOAD(matrix, line + i) * factor + sums[i];
        }
        for (int i = 0; i < LENGTH; ++i)
            partial[(part * plan.batch + batch) * plan.rows + row + i] = sums[i];
        return;
    }
    for (int r = 0; r < rows; ++r) {
        const long line = at + r * plan.stride1_1;
        COMPUTE sum = 0;
        long step = first;
        if (plan.stride1_2 == 1 && plan.stride2_1 == 1 && step + LENGTH <= last) {
            for (int i = 0; i < LENGTH; ++i) sums[i] = 0;
            for (; step + LENGTH <= last; step += LENGTH)
                for (int i = 0; i < LENGTH; ++i)
                    sums[i] = LOAD(matrix, line + step + i) * LOAD(vector, from + step + i)
                        + sums[i];
            for (int i = 0; i < LENGTH; ++i) sum += sums[i];
        }
        for (; step < last; ++step)
            sum = LOAD(matrix, line + step * plan.stride1_2)
                * LOAD(vector, from + step * plan.stride2_1) + sum;
        partial[(part * plan.batch + batch) * plan.rows + row + r] = sum;
    }
}

__kernel void add_partial_sums(__global const COMPUTE *partial, __global STORAGE *product,
                               const Plan plan) {
    const long item = get_global_id(0);
    if (item >= plan.batch * plan.rows) return;
    COMPUTE sum = 0;
    for (long part = 0; part < plan.parts; ++part)
        sum += partial[part * plan.batch * plan.rows + item];
    STORE(sum, product, plan.offset0 + item / plan.rows * plan.stride0_0
          + item % plan.rows * plan.stride0_1);
}

/* A group of TEAM x TEAM items makes a square tile of the result, each item a square of EACH x
   EACH elements TEAM apart. */
#define EACH (TILE / TEAM)
#define DEPTH 16

__kernel __attribute__((reqd_work_group_size(TEAM * TEAM, 1, 1)))
void multiply_shared(__global const STORAGE *left, __global const STORAGE *right,
                     __global STORAGE *product, const Plan plan) {
    __local COMPUTE a[DEPTH][TILE + 1];
    __local COMPUTE b[DEPTH][TILE + 1];
    const long row_tiles = (plan.rows + TILE - 1) / TILE;
    const long column_tiles = (plan.columns + TILE - 1) / TILE;
    const long group = get_group_id(0);
    const long first_row = group / column_tiles % row_tiles * TILE;
    const long first_column = group % column_tiles * TILE;
    const long batch = group / column_tiles / row_tiles;
    const int item = get_local_id(0), y = item / TEAM, x = item % TEAM;
    const long from_left = plan.offset1 + batch * plan.stride1_0;
    const long from_right = plan.offset2 + batch * plan.stride2_0;
    COMPUTE sums[EACH][EACH];
    for (int i = 0; i < EACH; ++i)
        for (int j = 0; j < EACH; ++j) sums[i][j] = 0;
    for (long start = 0; start < plan.depth; start += DEPTH) {
        for (int cell = item; cell < DEPTH * TILE; cell += TEAM * TEAM) {
            /* Neighbouring items read neighbouring cells, in whichever order those lie. */
            const int along = plan.stride1_2 == 1 ? cell % DEPTH : cell / TILE;
            const int across = plan.stride1_2 == 1 ? cell / DEPTH : cell % TILE;
            const long row = first_row + across, step = start + along;
            a[along][across] = (row < plan.rows && step < plan.depth)
                ? LOAD(left, from_left + row * plan.stride1_1 + step * plan.stride1_2)
                : (COMPUTE)0;
        }
        for (int cell = item; cell < DEPTH * TILE; cell += TEAM * TEAM) {
            const int along = plan.stride2_1 == 1 ? cell % DEPTH : cell / TILE;
            const int across = plan.stride2_1 == 1 ? cell / DEPTH : cell % TILE;
            const long column = first_column + across, step = start + along;
            b[along][across] = (column < plan.columns && step < plan.depth)
                ? LOAD(right, from_right + step * plan.stride2_1 + column * plan.stride2_2)
                : (COMPUTE)0;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int step = 0; step < DEPTH; ++step)
            for (int i = 0; i < EACH; ++i)
                for (int j = 0; j < EACH; ++j)
                    sums[i][j] = a[step][y + i * TEAM] * b[step][x + j * TEAM] + sums[i][j];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (int i = 0; i < EACH; ++i)
        for (int j = 0; j < EACH; ++j) {
            const long row = first_row + y + i * TEAM, column = first_column + x + j * TEAM;
            if (row < plan.rows && column < plan.columns)
                STORE(sums[i][j], product, plan.offset0 + batch * plan.stride0_0
                      + row * plan.stride0_1 + column * plan.stride0_2);
        }
}
