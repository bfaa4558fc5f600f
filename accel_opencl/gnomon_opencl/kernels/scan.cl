/* Scans: running results along one dim. As for reductions, `State`, `INITIAL`, `TERM(x, i)`,
   `COMBINE(a, b)` and `FINISH(s)` are defined in front of this text, `a` being in front of `b`.

   WIDTH neighbours of other dims go side by side. A long scan over few of them is split into
   parts: their totals are scanned first, so that each part knows what it begins with. */

typedef struct {
    long rows;          /* scans */
    long terms;         /* elements of each */
    long parts;
    long part_terms;
    long offset0;       /* of the output */
    long stride0;       /* along the dim scanned */
    long offset1;       /* of the input */
    long stride1;
} Plan;

typedef struct {
    long number;        /* of the first scan of this work-item */
    long part;
    long first, last;   /* elements */
    int count;          /* scans */
} Share;

static inline Share share_of(const Plan *plan, const Walk *from) {
    const long columns = from->size[DIMS - 1];
    const long strips = (columns + WIDTH - 1) / WIDTH;
    const long lines = plan->rows / columns;
    const long item = get_global_id(0);
    const long strip = item % strips, line = item / strips % lines;
    Share share;
    share.part = item / strips / lines;
    share.number = line * columns + strip * WIDTH;
    share.first = share.part * plan->part_terms;
    share.last = min(share.first + plan->part_terms, plan->terms);
    share.count = (int)min((long)WIDTH, columns - strip * WIDTH);
    return share;
}

#define ARGUMENTS \
    __global const STORAGE *input, __global TARGET *output, __global State *totals, \
    const Plan plan, const Walk from, const Walk to

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
