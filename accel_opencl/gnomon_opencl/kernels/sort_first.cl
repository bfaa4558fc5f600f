/* Where the first elements of a row stand in its order: one work-item a row keeps the best of
   those it has seen, in order, and goes on by blocks, most of which have no better ones. */

typedef struct {
    long rows;
    long terms;             /* elements of a row */
    long count;             /* of them wanted, MOST at most */
    long offset0, stride0;  /* of the input, along the dim */
    long offset1, stride1;  /* of the places */
    long flip;              /* see sort.cl */
} Plan;

#define BLOCK 16

__kernel void take_first(__global const KEY *input, __global long *output, const Plan plan,
                         const Walk from, const Walk to) {
    const long row = get_global_id(0);
    if (row >= plan.rows) return;
    input += plan.offset0 + walked(&from, row);
    output += plan.offset1 + walked(&to, row);
    const int count = (int)plan.count;
    KEY keys[MOST], worst = 0;
    uint places[MOST];
    int held = 0;
    for (long start = 0; start < plan.terms; start += BLOCK) {
        const int length = (int)min((long)BLOCK, plan.terms - start);
        KEY block[BLOCK];
        int better = held < count;
        if (length == BLOCK && plan.stride0 == 1) {
            for (int i = 0; i < BLOCK; ++i) {
                block[i] = key_of(input[start + i], plan.flip);
                better |= block[i] < worst;
            }
        } else {
            for (int i = 0; i < length; ++i) {
                block[i] = key_of(input[(start + i) * plan.stride0], plan.flip);
                better |= block[i] < worst;
            }
        }
        if (!better) continue;
        for (int i = 0; i < length; ++i) {
            /* Of equal elements the first stays first. */
            if (held == count && block[i] >= worst) continue;
            int place = held < count ? held++ : held - 1;
            for (; place > 0 && keys[place - 1] > block[i]; --place) {
                keys[place] = keys[place - 1];
                places[place] = places[place - 1];
            }
            keys[place] = block[i];
            places[place] = (uint)(start + i);
            worst = keys[held - 1];
        }
    }
    for (int i = 0; i < count; ++i) output[i * plan.stride1] = places[i];
}
