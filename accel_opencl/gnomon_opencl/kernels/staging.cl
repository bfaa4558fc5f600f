/* Images copied with zeros around them, the element 0 of each dim moved to `low`. The dims are
   ordered so that the last one lies closest in the source. */

static inline bool outside(long at, long low, long size) { return at < low || at >= low + size; }

/* One item copies `together` planes of the last two dims. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void stage_planes(__global const STORAGE *source, __global STAGED *staged, const Plan plan) {
    const long first = get_global_id(0) * plan.together;
    const long last = min(first + plan.together, plan.planes);
    for (long plane = first; plane < last; ++plane) {
        const long c = plane % plan.padded2, b = plane / plan.padded2 % plan.padded1;
        const long a = plane / plan.padded2 / plan.padded1;
        const bool empty = outside(a, plan.low0, plan.size0) || outside(b, plan.low1, plan.size1)
            || outside(c, plan.low2, plan.size2);
        const long from = plan.offset + (a - plan.low0) * plan.stride0
            + (b - plan.low1) * plan.stride1 + (c - plan.low2) * plan.stride2;
        __global STAGED *to = staged + plane * plan.padded3 * plan.padded4;
        for (long row = 0; row < plan.padded3; ++row, to += plan.padded4) {
            if (empty || outside(row, plan.low3, plan.size3)) {
                for (long i = 0; i < plan.padded4; ++i) to[i] = 0;
                continue;
            }
            const long at = from + (row - plan.low3) * plan.stride3;
            for (long i = 0; i < plan.low4; ++i) to[i] = 0;
            __global STAGED *inside = to + plan.low4;
            if (plan.stride4 == 1)
                for (long i = 0; i < plan.size4; ++i) inside[i] = LOAD(source, at + i);
            else
                for (long i = 0; i < plan.size4; ++i)
                    inside[i] = LOAD(source, at + i * plan.stride4);
            for (long i = plan.low4 + plan.size4; i < plan.padded4; ++i) to[i] = 0;
        }
    }
}

/* One item copies one element. */
__kernel void stage_elements(__global const STORAGE *source, __global STAGED *staged,
                             const Plan plan) {
    long item = get_global_id(0);
    if (item >= plan.planes * plan.padded3 * plan.padded4) return;
    __global STAGED *to = staged + item;
    const long e = item % plan.padded4;
    item /= plan.padded4;
    const long d = item % plan.padded3;
    item /= plan.padded3;
    const long c = item % plan.padded2;
    item /= plan.padded2;
    const long b = item % plan.padded1, a = item / plan.padded1;
    const bool empty = outside(a, plan.low0, plan.size0) || outside(b, plan.low1, plan.size1)
        || outside(c, plan.low2, plan.size2) || outside(d, plan.low3, plan.size3)
        || outside(e, plan.low4, plan.size4);
    *to = empty ? (STAGED)0
        : LOAD(source, plan.offset + (a - plan.low0) * plan.stride0
               + (b - plan.low1) * plan.stride1 + (c - plan.low2) * plan.stride2
               + (d - plan.low3) * plan.stride3 + (e - plan.low4) * plan.stride4);
}
