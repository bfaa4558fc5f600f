/* The derivative of attention: see attention.cl. */

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void attention_backward(Source query, Source key, Source value, __global const MASK *mask,
                     Source output, Source cotangent, __global const COMPUTE *logarithms,
                     __global STORAGE *of_query, __global STORAGE *of_key,
                     __global STORAGE *of_value, Scratch scratch, const Plan plan,
                     const COMPUTE scale) {
    const long worker = get_global_id(0);
    const int size = plan.size, width = plan.width;
    const int padded_size = plan.padded_size, padded_width = plan.padded_width;
    Scratch dots = scratch + worker * plan.scratch;
    Scratch dq = dots + plan.padded_queries;
    Scratch keys = dq + plan.padded_queries * padded_size;
    Scratch k = keys + WIDTH * padded_size;
    Scratch dk = k + padded_size * WIDTH;
    Scratch v = dk + padded_size * WIDTH;
    Scratch dv = v + padded_width * WIDTH;
    Scratch p = dv + padded_width * WIDTH;
    Scratch ds = p + BLOCK * WIDTH;
    for (long head = worker; head < plan.outer * plan.inner; head += plan.workers) {
        const long outer = head / plan.inner, inner = head % plan.inner;
        const long query_at = PLACE(0, outer, inner), g_at = PLACE(5, outer, inner);
        const long key_at = PLACE(1, outer, inner), value_at = PLACE(2, outer, inner);
        const long mask_at = PLACE(3, outer, inner), output_at = PLACE(4, outer, inner);
        for (long i = 0; i < plan.queries; ++i) {
            COMPUTE dot = 0;
            for (int f = 0; f < width; ++f)
                dot += LOAD(cotangent, g_at + i * plan.stride5_2 + f * plan.stride5_3)
                    * LOAD(output, output_at + i * plan.stride4_2 + f * plan.stride4_3);
            dots[i] = dot;
        }
        clear(dq, plan.padded_queries * padded_size);
        for (long first = 0; first < plan.keys; first += WIDTH) {
            const int count = (int)min((long)WIDTH, plan.keys - first);
            const long from = key_at + first * plan.stride1_2;
            turn(key, from, plan.stride1_2, plan.stride1_3, count, size, scale, k);
            turn(value, value_at + first * plan.stride2_2, plan.stride2_2, plan.stride2_3, count,
                 width, (COMPUTE)1, v);
            clear(keys, WIDTH * padded_size);
            for (int j = 0; j < count; ++j)
                for (int e = 0; e < size; ++e)
                    keys[j * padded_size + e] = k[e * WIDTH + j];
            clear(dk, padded_size * WIDTH);
            clear(dv, padded_width * WIDTH);
            const long begin = plan.causal ? first / BLOCK * BLOCK : 0;
            for (long start = begin; start < plan.queries; start += BLOCK) {
                const int block = (int)min((long)BLOCK, plan.queries - start);
                const long q_at = query_at + start * plan.stride0_2;
                const long slope_at = g_at + start * plan.stride5_2;
                for (int i = 0; i < block; i += ROWS) {
                    const int rows = min(ROWS, block - i);
                    add_product(query, q_at + i * plan.stride0_2, plan.stride0_2, plan.stride0_3,
                                rows, k, WIDTH, size, p + i * WIDTH, WIDTH, false);
                    add_product(cotangent, slope_at + i * plan.stride5_2, plan.stride5_2,
                                plan.stride5_3, rows, v, WIDTH, width, ds + i * WIDTH, WIDTH,
                                false);
                }
                const bool hides = plan.causal && first + count > start;
                for (int i = 0; i < block; ++i) {
                    const COMPUTE level = logarithms[head * plan.queries + start + i];
                    const COMPUTE dot = dots[start + i];
                    for (int u = 0; u < VECTORS; ++u) {
                        Scratch at = p + i * WIDTH + u * LANES, slope = ds + i * WIDTH + u * LANES;
                        VECTOR scores = AT(at);
                        if (MASKED || hides)
                            scores = masked(scores, mask,
                                            mask_at + (start + i) * plan.stride3_2
                                                + first * plan.stride3_3,
                                            plan.stride3_3, count, u, hides, first - start - i,
                                            true);
                        const VECTOR share = level == -INFINITY
                            ? (VECTOR)(0) : EXP(scores - level);
                        AT(at) = share;
                        AT(slope) = share * (AT(slope) - dot);
                    }
                    for (int lane = count; lane < WIDTH; ++lane)
                        p[i * WIDTH + lane] = ds[i * WIDTH + lane] = 0;
                }
                for (int f = 0; f < width; f += ROWS)
                    add_product(cotangent, slope_at + f * plan.stride5_3, plan.stride5_3,
                                plan.stride5_2, min(ROWS, width - f), p, WIDTH, block,
                                dv + f * WIDTH, WIDTH, true);
                for (int e = 0; e < size; e += ROWS)
                    add_product(query, q_at + e * plan.stride0_3, plan.stride0_3, plan.stride0_2,
                                min(ROWS, size - e), ds, WIDTH, block, dk + e * WIDTH, WIDTH,
                                true);
                for (int i = 0; i < block; i += ROWS)
                    for (int e = 0; e < size; e += WIDTH)
                        add_product_of_scratch(ds, i * WIDTH, WIDTH, 1, min(ROWS, block - i),
                                               keys + e, padded_size, count,
                                               dq + (start + i) * padded_size + e, padded_size,
                                               true);
            }
            turn_back(dk, of_key, PLACE(7, outer, inner) + first * plan.stride7_2,
                      plan.stride7_2, plan.stride7_3, count, size, scale);
            turn_back(dv, of_value, PLACE(8, outer, inner) + first * plan.stride8_2,
                      plan.stride8_2, plan.stride8_3, count, width, (COMPUTE)1);
        }
        for (long i = 0; i < plan.queries; ++i)
            for (int e = 0; e < size; ++e)
                STORE(dq[i * padded_size + e], of_query,
                      PLACE(6, outer, inner) + i * plan.stride6_2 + e * plan.stride6_3);
    }
}
