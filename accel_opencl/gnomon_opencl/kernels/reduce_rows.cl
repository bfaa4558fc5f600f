/* A work-item takes whole rows, with several states side by side so that lanes stay busy. */
__kernel void reduce_rows(ARGUMENTS) {
    const long strips = (plan.outputs + plan.together - 1) / plan.together;
    const long strip = get_global_id(0) % strips, part = get_global_id(0) / strips;
    if (part >= plan.parts) return;
    const long first = part * plan.part_terms, last = min(first + plan.part_terms, plan.terms);
    const long end = min((strip + 1) * plan.together, plan.outputs);
    for (long number = strip * plan.together; number < end; ++number) {
        const CENTER center = CENTERED ? centers[number] : (CENTER)0;
        const long base = plan.offset1 + walked(&kept, number);
        State states[WIDTH];
        for (int lane = 0; lane < WIDTH; ++lane) states[lane] = INITIAL;
        for (long i = first; i < last;) {
            const long line = i / plan.row;
            const long from = i - line * plan.row;
            const long to = min(plan.row, from + last - i);
            const long at = base + walked(&inner, line);
            const long begin = line * plan.row;
            long place = from;
            if (plan.row_stride == 1)
                for (; place + WIDTH <= to; place += WIDTH)
                    for (int lane = 0; lane < WIDTH; ++lane) {
                        const ELEMENT x = LOAD(input, at + place + lane);
                        states[lane] = COMBINE(states[lane], TERM(x, begin + place + lane));
                    }
            for (; place < to; ++place) {
                const ELEMENT x = LOAD(input, at + place * plan.row_stride);
                const int lane = place % WIDTH;
                states[lane] = COMBINE(states[lane], TERM(x, begin + place));
            }
            i += to - from;
        }
        for (int reach = WIDTH / 2; reach > 0; reach /= 2)
            for (int lane = 0; lane < reach; ++lane)
                states[lane] = COMBINE(states[lane], states[lane + reach]);
        keep(states[0], number, part, output, partial, centers, &plan, &placed, parameter);
    }
}
