/* What each part of a long scan begins with. */

__kernel void add_up_parts(ARGUMENTS) {
    const Share share = share_of(&plan, &from);
    if (share.part >= plan.parts) return;
    const long step1 = from.stride[DIMS - 1];
    const long at1 = plan.offset1 + walked(&from, share.number);
    for (int lane = 0; lane < share.count; ++lane) {
        State state = INITIAL;
        for (long i = share.first; i < share.last; ++i) {
            const ELEMENT x = LOAD(input, at1 + i * plan.stride1 + lane * step1);
            state = COMBINE(state, TERM(x, i));
        }
        totals[share.part * plan.rows + share.number + lane] = state;
    }
}

/* Total of each part becomes the total of the parts in front of it. */
__kernel void scan_parts(ARGUMENTS) {
    const long row = get_global_id(0);
    if (row >= plan.rows) return;
    State before = INITIAL;
    for (long part = 0; part < plan.parts; ++part) {
        const State state = totals[part * plan.rows + row];
        totals[part * plan.rows + row] = before;
        before = COMBINE(before, state);
    }
}
