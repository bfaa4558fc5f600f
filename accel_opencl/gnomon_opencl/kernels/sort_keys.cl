/* The keys of all elements, and where in its row each stands. */
__kernel void make_keys(__global const KEY *input, __global KEY *keys, __global uint *places,
                        const Plan plan, const Walk from) {
    SHARE
    const long at = plan.offset0 + walked(&from, row);
    for (long i = first; i < last; ++i) {
        keys[begin + i] = key_of(input[at + i * plan.stride0], plan.flip);
        places[begin + i] = (uint)i;
    }
}
