/* Combines, in order, the states that the parts of one result have left. */
__kernel void finish_parts(ARGUMENTS) {
    const long number = get_global_id(0);
    if (number >= plan.outputs) return;
    State state = partial[number];
    for (long part = 1; part < plan.parts; ++part)
        state = COMBINE(state, partial[part * plan.outputs + number]);
    const CENTER center = CENTERED ? centers[number] : (CENTER)0;
    STORE(FINISH(state), output, plan.offset + walked(&placed, number));
}
