/* Reductions. What distinguishes them is defined in front of this text:

   State              what is kept of the elements seen so far
   INITIAL            the state of no elements
   TERM(x, i)         the state of element number i alone; `center` is at hand
   COMBINE(a, b)      the state of the elements of both, in either order
   FINISH(s)          the result; `center`, `plan.terms` and `parameter` are at hand

   Elements are numbered in the order of the dims reduced. A long reduction is split into parts,
   whose states are combined in order by `finish_parts`. */

typedef struct {
    long outputs;        /* results */
    long terms;          /* elements of one result */
    long row;            /* of which this many lie along the last dim */
    long row_stride;
    long parts;          /* parts of one result */
    long part_terms;     /* elements of one part */
    long together;       /* results, or strips of them, that one work-item makes */
    long offset0;        /* of the output */
    long offset1;        /* of the input */
} Plan;

#define ARGUMENTS \
    __global const STORAGE *input, __global TARGET *output, __global State *partial, \
    __global const CENTER *centers, const Plan plan, const Walk kept, const Walk placed, \
    const Walk inner, const PARAMETER parameter

static inline void keep(State state, long number, long part, __global TARGET *output,
                        __global State *partial, __global const CENTER *centers,
                        const Plan *given, const Walk *placed, PARAMETER parameter) {
    const Plan plan = *given;
    if (plan.parts == 1) {
        const CENTER center = CENTERED ? centers[number] : (CENTER)0;
        STORE(FINISH(state), output, plan.offset0 + walked(placed, number));
    } else {
        partial[part * plan.outputs + number] = state;
    }
}

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

/* A group makes one part of one result: a tree in local memory. */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void reduce_in_groups(ARGUMENTS) {
    __local State states[GROUP];
    const long number = get_group_id(0) % plan.outputs, part = get_group_id(0) / plan.outputs;
    const int item = get_local_id(0);
    const long first = part * plan.part_terms, last = min(first + plan.part_terms, plan.terms);
    const CENTER center = CENTERED ? centers[number] : (CENTER)0;
    const long base = plan.offset1 + walked(&kept, number);
    State state = INITIAL;
    for (long i = first + item; i < last; i += GROUP) {
        const long line = i / plan.row;
        const ELEMENT x = LOAD(
            input, base + walked(&inner, line) + (i - line * plan.row) * plan.row_stride);
        state = COMBINE(state, TERM(x, i));
    }
    states[item] = state;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int reach = GROUP / 2; reach > 0; reach /= 2) {
        if (item < reach) states[item] = COMBINE(states[item], states[item + reach]);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (item == 0)
        keep(states[0], number, part, output, partial, centers, &plan, &placed, parameter);
}

__kernel void finish_parts(ARGUMENTS) {
    const long number = get_global_id(0);
    if (number >= plan.outputs) return;
    State state = partial[number];
    for (long part = 1; part < plan.parts; ++part)
        state = COMBINE(state, partial[part * plan.outputs + number]);
    const CENTER center = CENTERED ? centers[number] : (CENTER)0;
    STORE(FINISH(state), output, plan.offset0 + walked(&placed, number));
}
