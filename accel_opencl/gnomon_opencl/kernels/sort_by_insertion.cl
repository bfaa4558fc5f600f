__kernel void sort_by_insertion(__global const KEY *input, __global KEY *values,
                                __global long *indices, const Plan plan, const Walk from,
                                const Walk to_values, const Walk to_indices) {
    const long row = get_global_id(0);
    if (row >= plan.rows) return;
    const int terms = (int)plan.terms;
    const long at = plan.offset0 + walked(&from, row);
    KEY keys[SHORT];
    int places[SHORT];
    for (int i = 0; i < terms; ++i) {
        const KEY key = key_of(input[at + i * plan.stride0], plan.flip);
        int place = i;
        for (; place > 0 && keys[place - 1] > key; --place) {
            keys[place] = keys[place - 1];
            places[place] = places[place - 1];
        }
        keys[place] = key;
        places[place] = i;
    }
    const long at1 = plan.offset1 + walked(&to_values, row);
    const long at2 = plan.offset2 + walked(&to_indices, row);
    for (int i = 0; i < terms; ++i) {
        values[at1 + i * plan.stride1] = input[at + places[i] * plan.stride0];
        indices[at2 + i * plan.stride2] = places[i];
    }
}
