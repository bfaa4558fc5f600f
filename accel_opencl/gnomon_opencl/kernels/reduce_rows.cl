/* A work-item takes whole rows, with several states side by side so that lanes stay busy. */
__kernel void reduce_rows(ARGUMENTS) {
    const long strips = (plan.outputs + plan.together - 1) / plan.together;
    const long strip = get_global_id(0) % strips, part = get_global_id(0) / strips;
    if (part >= plan.parts) return;
    const long first = part * plan.part_terms, last = min(first + plan.part_terms, plan.terms);
    const long end = min((strip + 1) * plan.together, plan.outputs);
    for (long number = strip * plan.together; number < end; ++number) {
        const CENTER center = CENTERED ? centers[number] : (CENTER)0;
        const Places base = walked_from(offset, &kept, number);
        State states[WIDTH] ALIGNED;
        for (int lane = 0; lane < WIDTH; ++lane) states[lane] = INITIAL;
        for (long i = first; i < last;) {
            const long line = i / plan.row;
            const long from = i - line * plan.row;
            const long to = min(plan.row, from + last - i);
            const Places at = walked_from(base, &inner, line);
            const long begin = line * plan.row;
            long place = from;
            for (; place + WIDTH <= to; place += WIDTH) {
                const Places here = moved(at, place, &along);
#pragma unroll
                for (int lane = 0; lane < WIDTH; lane += LANES) {
                    const VECTOR x = EVALUATE_VECTOR(here, along, lane);
                    TAKE(states + lane, x, begin + place + lane, 1)
                }
            }
            const int count = (int)(to - place);
            if (count) {
                ELEMENT cells[WIDTH] ALIGNED;
                EVALUATE(moved(at, place, &along), along, count, cells);
                ROLLED for (int lane = 0; lane < count; ++lane) {
                    const ELEMENT x = cells[lane];
                    states[lane] = COMBINE(states[lane], TERM(x, begin + place + lane));
                }
            }
            i += to - from;
        }
        for (int reach = WIDTH / 2; reach > 0; reach /= 2)
            for (int lane = 0; lane < reach; ++lane)
                states[lane] = COMBINE(states[lane], states[lane + reach]);
        keep(states[0], number, part, output, partial, centers, &plan, &placed, parameter);
    }
}
