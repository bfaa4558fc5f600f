/* Scans of any kind: the shares of work-items are those of `scan_shares.cl`. */

__kernel void scan(ARGUMENTS) {
    const Share share = share_of(&plan, &from);
    if (share.part >= plan.parts) return;
    const long step0 = to.stride[DIMS - 1], step1 = from.stride[DIMS - 1];
    const long at0 = plan.offset0 + walked(&to, share.number);
    const long at1 = plan.offset1 + walked(&from, share.number);
    State states[WIDTH];
    for (int lane = 0; lane < WIDTH; ++lane)
        states[lane] = plan.parts > 1 && lane < share.count
            ? totals[share.part * plan.rows + share.number + lane] : INITIAL;
    /* The states are in registers where the compiler knows how many there are. */
    if (share.count == WIDTH && (WIDTH == 1 || (step0 == 1 && step1 == 1))) {
        for (long i = share.first; i < share.last; ++i)
            for (int lane = 0; lane < WIDTH; ++lane) {
                const ELEMENT x = LOAD(input, at1 + i * plan.stride1 + lane);
                states[lane] = COMBINE(states[lane], TERM(x, i));
                STORE(FINISH(states[lane]), output, at0 + i * plan.stride0 + lane);
            }
    } else {
        for (long i = share.first; i < share.last; ++i)
            for (int lane = 0; lane < share.count; ++lane) {
                const ELEMENT x = LOAD(input, at1 + i * plan.stride1 + lane * step1);
                states[lane] = COMBINE(states[lane], TERM(x, i));
                STORE(FINISH(states[lane]), output, at0 + i * plan.stride0 + lane * step0);
            }
    }
}
