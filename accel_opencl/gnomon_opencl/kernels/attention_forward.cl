/* Attention: see attention.cl. */

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void attention_forward(Source query, Source key, Source value, __global const MASK *mask,
            __global STORAGE *output, __global COMPUTE *logarithms, Scratch scratch,
            const Plan plan, const COMPUTE scale) {
    const long worker = get_global_id(0);
    const int size = plan.size, width = plan.width;
    Scratch q = scratch + worker * plan.scratch;
    Scratch p = q + plan.padded_size * WIDTH;
    Scratch o = p + BLOCK * WIDTH;
    const long strips = (plan.queries + WIDTH - 1) / WIDTH;
    /* Strips of one head follow each other, so that its keys and values stay near. */
    const long items = plan.outer * plan.inner * strips;
    const long each = (items + plan.workers - 1) / plan.workers;
    const long last = min((worker + 1) * each, items);
    for (long item = worker * each; item < last; ++item) {
        const long strip = item % strips, head = item / strips;
        const long outer = head / plan.inner, inner = head % plan.inner;
        const long first = strip * WIDTH;
        const int count = (int)min((long)WIDTH, plan.queries - first);
        const long key_at = PLACE(1, outer, inner), value_at = PLACE(2, outer, inner);
        const long mask_at = PLACE(3, outer, inner) + first * plan.stride3_2;
        turn(query, PLACE(0, outer, inner) + first * plan.stride0_2, plan.stride0_2,
             plan.stride0_3, count, size, scale, q);
        clear(o, plan.padded_width * WIDTH);
        VECTOR peaks[VECTORS], totals[VECTORS];
        for (int v = 0; v < VECTORS; ++v) {
            peaks[v] = (VECTOR)(-INFINITY);
            totals[v] = (VECTOR)(0);
        }
        const long end = plan.causal ? min(plan.keys, first + count) : plan.keys;
        for (long start = 0; start < end; start += BLOCK) {
            const int block = (int)min((long)BLOCK, end - start);
            for (int j = 0; j < block; j += ROWS)
                add_product(key, key_at + (start + j) * plan.stride1_2, plan.stride1_2,
                            plan.stride1_3, min(ROWS, block - j), q, WIDTH, size, p + j * WIDTH,
                            WIDTH, false);
            const bool hides = plan.causal && start + block > first;
            for (int v = 0; v < VECTORS; ++v) {
                Scratch column = p + v * LANES;
                VECTOR peak = peaks[v];
                for (int j = 0; j < block; ++j) {
                    VECTOR scores = AT(column + j * WIDTH);
                    if (MASKED || hides) {
                        scores = masked(scores, mask, mask_at + (start + j) * plan.stride3_3,
                                        plan.stride3_2, count, v, hides, first - start - j,
                                        false);
                        AT(column + j * WIDTH) = scores;
                    }
                    peak = scores > peak ? scores : peak;
                }
                /* Where nothing is seen yet, exponentials are 0 and not those of nan. */
                const VECTOR level = peak == (VECTOR)(-INFINITY) ? (VECTOR)(0) : peak;
                const VECTOR shrink = EXP(peaks[v] - level);
                VECTOR total = totals[v] * shrink;
                for (int j = 0; j < block; ++j) {
                    const VECTOR share = EXP(AT(column + j * WIDTH) - level);
                    AT(column + j * WIDTH) = share;
                    total += share;
                }
                peaks[v] = peak;
                totals[v] = total;
                if (start > 0)
                    for (int f = 0; f < width; ++f) AT(o + f * WIDTH + v * LANES) *= shrink;
            }
            for (int f = 0; f < width; f += ROWS)
                add_product(value, value_at + start * plan.stride2_2 + f * plan.stride2_3,
                            plan.stride2_3, plan.stride2_2, min(ROWS, width - f), p, WIDTH,
                            block, o + f * WIDTH, WIDTH, true);
        }
        for (int v = 0; v < VECTORS; ++v) {
            const VECTOR total = totals[v];
            const VECTOR share = total == (VECTOR)(0) ? (VECTOR)(0) : (VECTOR)(1) / total;
            for (int f = 0; f < width; ++f) AT(o + f * WIDTH + v * LANES) *= share;
            AT(q + v * LANES) = peaks[v] + log(total);
        }
        for (int lane = 0; lane < count; ++lane)
            logarithms[head * plan.queries + first + lane] = q[lane];
        turn_back(o, output, PLACE(4, outer, inner) + first * plan.stride4_2, plan.stride4_2,
                  plan.stride4_3, count, width, (COMPUTE)1);
    }
}
