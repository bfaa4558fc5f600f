/* A group makes one part of one result: a tree in local memory. */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void reduce_in_groups(ARGUMENTS) {
    __local State states[GROUP];
    const long number = get_group_id(0) % plan.outputs, part = get_group_id(0) / plan.outputs;
    const int item = get_local_id(0);
    const long first = part * plan.part_terms, last = min(first + plan.part_terms, plan.terms);
    const CENTER center = CENTERED ? centers[number] : (CENTER)0;
    const Places base = walked_from(offset, &kept, number);
    State state = INITIAL;
    for (long i = first + item; i < last; i += GROUP) {
        const long line = i / plan.row;
        const Places at = walked_from(base, &inner, line);
        ELEMENT x;
        EVALUATE(moved(at, i - line * plan.row, &along), along, 1, &x);
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
