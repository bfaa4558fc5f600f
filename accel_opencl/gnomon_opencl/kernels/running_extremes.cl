/* Running extremes along one dim, and where they stand: of equals the last, and the last nan.

   The shares of work-items and their parts are those of `scan_shares.cl`, which stands before
   this, with `State` and `COMBINE` for the totals of parts. LATER(a, b) is whether `b`, which is behind
   `a`, counts instead of it; LEAST is behind no element. VALUES is 1 where extremes are wanted
   besides their places. Long rows go in vectors of LANES, each of which is scanned in itself; many
   short ones go side by side. */

#if VALUES
#define EXTREMES , __global STORAGE *values
#define PASSED_EXTREMES , values
#define KEEP(x, at) STORE_VALUE(x, values, at)
#define KEEP_VECTOR(x, at) STORE_VECTOR(x, values, at)
#else
#define EXTREMES
#define PASSED_EXTREMES
#define KEEP(x, at)
#define KEEP_VECTOR(x, at)
#endif

#if LANES == 8
#define BEHIND_1(f, v) (f, v.s0123, v.s45, v.s6)
#define BEHIND_2(f, v) (f, f, v.s0123, v.s45)
#define BEHIND_4(f, v) (f, f, f, f, v.s0123)
#define LAST s7
#define COUNT (0, 1, 2, 3, 4, 5, 6, 7)
#elif LANES == 4
#define BEHIND_1(f, v) (f, v.s01, v.s2)
#define BEHIND_2(f, v) (f, f, v.s01)
#define LAST s3
#define COUNT (0, 1, 2, 3)
#endif

#if LANES > 1
/* Each lane takes the one so many before it where that counts instead. */
#define TAKE(BEHIND) { \
    const V others = (V)BEHIND((ELEMENT)LEAST, found); \
    const M other_lanes = (M)BEHIND((MASK)0, lanes); \
    const M stays = LATER(others, found); \
    found = stays ? found : others; \
    lanes = stays ? lanes : other_lanes; \
}
#endif

/* The elements of a share, of one scan: from `state` on, where the first are at `at1` and `at0`. */
static inline void scan_one(__global const STORAGE *input, __global TARGET *output,
                            const Plan *plan, const Share *share, State state, long at0,
                            long at1 EXTREMES) {
    long i = share->first;
#if LANES > 1
    if (plan->stride1 == 1 && plan->stride0 == 1)
        for (; i + LANES <= share->last; i += LANES) {
            V found = LOAD_VECTOR(input, at1 + i);
            M lanes = (M)COUNT;
            TAKE(BEHIND_1)
            TAKE(BEHIND_2)
#if LANES == 8
            TAKE(BEHIND_4)
#endif
            const V before = (V)state.value;
            const M stays = LATER(before, found);
            const PLACES places = CONVERT_PLACES(lanes) + (PLACES)i;
            found = stays ? found : before;
            STORE_PLACES(CONVERT_PLACES(stays) ? places : (PLACES)state.index, output, at0 + i);
            KEEP_VECTOR(found, at0 + i);
            if (stays.LAST) state.index = i + lanes.LAST;
            state.value = found.LAST;
        }
#endif
    for (; i < share->last; ++i) {
        const ELEMENT x = LOAD(input, at1 + i * plan->stride1);
        state = COMBINE(state, place_of(x, i));
        output[at0 + i * plan->stride0] = state.index;
        KEEP(state.value, at0 + i * plan->stride0);
    }
}

__kernel void scan_extremes(ARGUMENTS EXTREMES) {
    const Share share = share_of(&plan, &from);
    if (share.part >= plan.parts) return;
    const long step0 = to.stride[DIMS - 1], step1 = from.stride[DIMS - 1];
    const long at0 = plan.offset0 + walked(&to, share.number);
    const long at1 = plan.offset1 + walked(&from, share.number);
    __global const State *begin = totals + share.part * plan.rows + share.number;
    /* What lies side by side is scanned so; anything else one after the other. */
    if (WIDTH == 1 || step1 != 1) {
        for (int lane = 0; lane < share.count; ++lane)
            scan_one(input, output, &plan, &share, plan.parts > 1 ? begin[lane] : INITIAL,
                     at0 + lane * step0, at1 + lane * step1 PASSED_EXTREMES);
        return;
    }
#if WIDTH > 1
    ELEMENT found[WIDTH];
    PLACE places[WIDTH];
    for (int lane = 0; lane < WIDTH; ++lane) {
        const State state = plan.parts > 1 && lane < share.count ? begin[lane] : INITIAL;
        found[lane] = state.value;
        places[lane] = (PLACE)state.index;
    }
    if (share.count == WIDTH && step0 == 1) {
        for (long i = share.first; i < share.last; ++i) {
            ELEMENT x[WIDTH];
            for (int lane = 0; lane < WIDTH; ++lane)
                x[lane] = LOAD(input, at1 + i * plan.stride1 + lane);
            for (int lane = 0; lane < WIDTH; ++lane) {
                const bool counts = LATER(found[lane], x[lane]);
                found[lane] = counts ? x[lane] : found[lane];
                places[lane] = counts ? (PLACE)i : places[lane];
            }
            for (int lane = 0; lane < WIDTH; ++lane) {
                output[at0 + i * plan.stride0 + lane] = places[lane];
                KEEP(found[lane], at0 + i * plan.stride0 + lane);
            }
        }
    } else {
        for (long i = share.first; i < share.last; ++i)
            for (int lane = 0; lane < share.count; ++lane) {
                const ELEMENT x = LOAD(input, at1 + i * plan.stride1 + lane);
                const bool counts = LATER(found[lane], x);
                found[lane] = counts ? x : found[lane];
                places[lane] = counts ? (PLACE)i : places[lane];
                output[at0 + i * plan.stride0 + lane * step0] = places[lane];
                KEEP(found[lane], at0 + i * plan.stride0 + lane * step0);
            }
    }
#endif
}
