/* Products of batches of matrices, (b, n, k) by (b, k, m), where packing does not pay: small
   ones, and those with a vector. */

#pragma OPENCL FP_CONTRACT ON

/* One item makes one element: for products too small to be worth packing. */
__kernel void multiply_directly(__global const STORAGE *left, __global const STORAGE *right,
                                __global const STORAGE *addend, __global STORAGE *product,
                                const Plan plan) {
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
        if (plan.has_addend)
            sum += LOAD(addend, plan.offset3 + batch * plan.stride3_0 + row * plan.stride3_1
                        + column * plan.stride3_2);
        STORE(sum, product, to + column * plan.stride0_2);
    }
}

/* Stores the sum that is an element of a batch of vectors, with its addend. */
static inline void finish(COMPUTE sum, long batch, long row, __global const STORAGE *addend,
                          __global STORAGE *product, const Plan plan) {
    if (plan.has_addend)
        sum += LOAD(addend, plan.offset3 + batch * plan.stride3_0 + row * plan.stride3_1);
    STORE(sum, product, plan.offset0 + batch * plan.stride0_0 + row * plan.stride0_1);
}

/* Does so with the sum of the only part; those of several are laid out (part, batch, row). */
static inline void keep(COMPUTE sum, long part, long batch, long row, __global COMPUTE *partial,
                        __global const STORAGE *addend, __global STORAGE *product,
                        const Plan plan) {
    if (plan.parts > 1)
        partial[(part * plan.batch + batch) * plan.rows + row] = sum;
    else
        finish(sum, batch, row, addend, product, plan);
}

/* A matrix times a vector. A work-item makes LENGTH rows over one part of the steps;
   add_partial_sums adds up several parts in their order. */
#define LENGTH 64

__kernel void multiply_by_vector(__global const STORAGE *matrix, __global const STORAGE *vector,
                                 __global COMPUTE *partial, __global const STORAGE *addend,
                                 __global STORAGE *product, const Plan plan) {
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
        ROLLED for (int i = 0; i < LENGTH; ++i)
            keep(sums[i], part, batch, row + i, partial, addend, product, plan);
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
        keep(sum, part, batch, row + r, partial, addend, product, plan);
    }
}

__kernel void add_partial_sums(__global const COMPUTE *partial, __global const STORAGE *addend,
                               __global STORAGE *product, const Plan plan) {
    const long item = get_global_id(0);
    if (item >= plan.batch * plan.rows) return;
    COMPUTE sum = 0;
    for (long part = 0; part < plan.parts; ++part)
        sum += partial[part * plan.batch * plan.rows + item];
    finish(sum, item / plan.rows, item % plan.rows, addend, product, plan);
}
