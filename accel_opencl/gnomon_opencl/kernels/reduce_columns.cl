/* Lines that are folded together: each state is loaded once for all of them. */
#define NEAR 8

/* A work-item takes results that lie side by side in the input, up to WIDTH, line by line, so
   that it goes straight through memory. */
__kernel void reduce_columns(ARGUMENTS) {
    const long columns = kept.size[DIMS - 1];
    const long strips = (columns + plan.together - 1) / plan.together;
    const long lines = plan.outputs / columns;
    const long strip = get_global_id(0) % strips, line = get_global_id(0) / strips % lines;
    const long part = get_global_id(0) / strips / lines;
    if (part >= plan.parts) return;
    const long first = part * plan.part_terms, last = min(first + plan.part_terms, plan.terms);
    const long number = line * columns + strip * plan.together;
    const int count = (int)min(plan.together, columns - strip * plan.together);
    const Places base = walked_from(offset, &kept, number);
    const Places across = kept.stride[DIMS - 1];
    State states[WIDTH] ALIGNED;
    for (int lane = 0; lane < count; ++lane) states[lane] = INITIAL;
    __global const CENTER *around = centers + number;
    for (long i = first; i < last;) {
        const long reduced_line = i / plan.row;
        const long from = i - reduced_line * plan.row;
        const long to = min(plan.row, from + last - i);
        const Places at = walked_from(base, &inner, reduced_line);
        for (long place = from; place < to; place += NEAR) {
            const int near = (int)min((long)NEAR, to - place);
            const Places here = moved(at, place, &along);
            const long index = reduced_line * plan.row + place;
            const int whole = near == NEAR ? count - count % LANES : 0;
            for (int lane = 0; lane < whole; lane += LANES) {
                const CENTER center = CENTERED ? around[lane] : (CENTER)0;
#pragma unroll
                for (int next = 0; next < NEAR; ++next) {
                    const VECTOR x = EVALUATE_VECTOR(moved(here, next, &along), across, lane);
                    TAKE(states + lane, x, index + next, 0)
                }
            }
            for (int begin = whole; begin < count; begin += STRIP) {
                const int width = min(STRIP, count - begin);
                const Places first_of_strip = moved(here, begin, &across);
                for (int next = 0; next < near; ++next) {
                    ELEMENT cells[STRIP] ALIGNED;
                    EVALUATE(moved(first_of_strip, next, &along), across, width, cells);
                    for (int lane = 0; lane < width; ++lane) {
                        const CENTER center = CENTERED ? around[begin + lane] : (CENTER)0;
                        const ELEMENT x = cells[lane];
                        states[begin + lane] = COMBINE(states[begin + lane], TERM(x, index + next));
                    }
                }
            }
        }
        i += to - from;
    }
    /* As `keep` does, with the place walked once, so that compilers make vectors of it. */
    if (plan.parts > 1) {
        for (int lane = 0; lane < count; ++lane)
            partial[part * plan.outputs + number + lane] = states[lane];
        return;
    }
    const long target = plan.offset + walked(&placed, number), step = placed.stride[DIMS - 1];
    for (int lane = 0; lane < count; ++lane) {
        const State state = states[lane];
        const CENTER center = CENTERED ? around[lane] : (CENTER)0;
        STORE(FINISH(state), output, target + lane * step);
    }
}
