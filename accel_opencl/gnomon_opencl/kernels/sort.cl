/* Stable sorting along one dim, of keys that are unsigned integers in the order of the elements.

   Short rows are sorted by insertion, one work-item a row. Long ones are sorted by their digits
   of 8 bits, the lowest first: each work-item counts the digits of its part of a row, counts
   become the places where its elements go, and it moves them there in order. */

#define DIGITS 256

typedef struct {
    long rows;
    long terms;         /* elements of a row */
    long parts;         /* parts of a row */
    long part_terms;
    long offset0, stride0;  /* of the input, along the dim sorted */
    long offset1, stride1;  /* of the values */
    long offset2, stride2;  /* of the indices */
} Plan;

static inline KEY key_of(KEY bits) {
    const KEY sign = (KEY)1 << (8 * sizeof(KEY) - 1);
#if IS_FLOATING
    const KEY size = bits & ~sign;
    KEY key = bits & sign ? ~bits : bits | sign;
    if (size == 0) key = sign;                  /* both zeros are equal */
    if (size > (KEY)INFINITE) key = ~(KEY)0;    /* nan is the largest */
#elif IS_SIGNED
    KEY key = bits ^ sign;
#else
    KEY key = bits;
#endif
    return DESCENDING ? ~key : key;
}

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
        const KEY key = key_of(input[at + i * plan.stride0]);
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

/* A work-item's part of its row: elements from `first` up to `last`, counted from `begin`. */
#define SHARE \
    const long row = get_global_id(0) / plan.parts, part = get_global_id(0) % plan.parts; \
    if (row >= plan.rows) return; \
    const long begin = row * plan.terms; \
    const long first = part * plan.part_terms; \
    const long last = min(first + plan.part_terms, plan.terms);

__kernel void make_keys(__global const KEY *input, __global KEY *keys, __global uint *places,
                        const Plan plan, const Walk from) {
    SHARE
    const long at = plan.offset0 + walked(&from, row);
    for (long i = first; i < last; ++i) {
        keys[begin + i] = key_of(input[at + i * plan.stride0]);
        places[begin + i] = (uint)i;
    }
}

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
