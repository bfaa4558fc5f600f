#define DIGITS 256

__kernel void count_digits(__global const KEY *keys, __global uint *counts, const Plan plan,
                           const int shift) {
    SHARE
    uint count[DIGITS];
    for (int digit = 0; digit < DIGITS; ++digit) count[digit] = 0;
    for (long i = first; i < last; ++i) ++count[keys[begin + i] >> shift & (DIGITS - 1)];
    for (int digit = 0; digit < DIGITS; ++digit)
        counts[(row * DIGITS + digit) * plan.parts + part] = count[digit];
}

/* Counts of a digit in a part become where the first such element of the part goes. */
__kernel void place_digits(__global uint *counts, const Plan plan) {
    const long row = get_global_id(0);
    if (row >= plan.rows) return;
    __global uint *all = counts + row * DIGITS * plan.parts;
    uint before = 0;
    for (long i = 0; i < DIGITS * plan.parts; ++i) {
        const uint count = all[i];
        all[i] = before;
        before += count;
    }
}

__kernel void move_by_digit(__global const KEY *keys, __global const uint *places,
                            __global KEY *moved_keys, __global uint *moved_places,
                            __global const uint *starts, const Plan plan, const int shift) {
    SHARE
    uint next[DIGITS];
    for (int digit = 0; digit < DIGITS; ++digit)
        next[digit] = starts[(row * DIGITS + digit) * plan.parts + part];
    for (long i = first; i < last; ++i) {
        const KEY key = keys[begin + i];
        const long to = begin + next[key >> shift & (DIGITS - 1)]++;
        moved_keys[to] = key;
        moved_places[to] = places[begin + i];
    }
}

__kernel void write_sorted(__global const KEY *input, __global const uint *places,
                           __global KEY *values, __global long *indices, const Plan plan,
                           const Walk from, const Walk to_values, const Walk to_indices) {
    SHARE
    const long at = plan.offset0 + walked(&from, row);
    const long at1 = plan.offset1 + walked(&to_values, row);
    const long at2 = plan.offset2 + walked(&to_indices, row);
    for (long i = first; i < last; ++i) {
        const long place = places[begin + i];
        values[at1 + i * plan.stride1] = input[at + place * plan.stride0];
        indices[at2 + i * plan.stride2] = place;
    }
}
