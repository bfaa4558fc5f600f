/* A work-item takes results that lie side by side in the input, WIDTH at a time. */
__kernel void reduce_columns(ARGUMENTS) {
    const long columns = kept.size[DIMS - 1];
    const long strips = (columns + WIDTH - 1) / WIDTH;
    const long lines = plan.outputs / columns;
    const long strip = get_global_id(0) % strips, line = get_global_id(0) / strips % lines;
    const long part = get_global_id(0) / strips / lines;
    if (part >= plan.parts) return;
    const long first = part * plan.part_terms, last = min(first + plan.part_terms, plan.terms);
    const long number = line * columns + strip * WIDTH;
    const int count = (int)min((long)WIDTH, columns - strip * WIDTH);
    const long base = plan.offset1 + walked(&kept, number);
    State states[WIDTH];
    CENTER around[WIDTH];
    for (int lane = 0; lane < WIDTH; ++lane) {
        states[lane] = INITIAL;
        around[lane] = CENTERED && lane < count ? centers[number + lane] : (CENTER)0;
    }
    for (long i = first; i < last;) {
        const long reduced_line = i / plan.row;
        const long from = i - reduced_line * plan.row;
        const long to = min(plan.row, from + last - i);
        const long at = base + walked(&inner, reduced_line);
        for (long place = from; place < to; ++place) {
            const long here = at + place * plan.row_stride;
            const long index = reduced_line * plan.row + place;
            if (count == WIDTH)
                for (int lane = 0; lane < WIDTH; ++lane) {
                    const ELEMENT x = LOAD(input, here + lane);
                    const CENTER center = around[lane];
                    states[lane] = COMBINE(states[lane], TERM(x, index));
                }
            else
                for (int lane = 0; lane < count; ++lane) {
                    const ELEMENT x = LOAD(input, here + lane);
                    const CENTER center = around[lane];
                    states[lane] = COMBINE(states[lane], TERM(x, index));
                }
        }
        i += to - from;
    }
    for (int lane = 0; lane < count; ++lane)
        keep(states[lane], number + lane, part, output, partial, centers, &plan, &placed,
             parameter);
}
