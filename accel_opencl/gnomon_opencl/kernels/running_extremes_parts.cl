/* The total of each part, of which `scan_parts.cl` makes what each begins with. */
__kernel void find_in_parts(ARGUMENTS) {
    const Share share = share_of(&plan, &from);
    if (share.part >= plan.parts) return;
    const long step1 = from.stride[DIMS - 1];
    for (int lane = 0; lane < share.count; ++lane) {
        const long at1 = plan.offset1 + walked(&from, share.number) + lane * step1;
        State state = INITIAL;
        long i = share.first;
#if LANES > 1
        if (plan.stride1 == 1 && share.last - i >= LANES) {
            V found = LOAD_VECTOR(input, at1 + i);
            PLACES places = (PLACES)i;
            for (i += LANES; i + LANES <= share.last; i += LANES) {
                const V x = LOAD_VECTOR(input, at1 + i);
                const M counts = LATER(found, x);
                found = counts ? x : found;
                places = CONVERT_PLACES(counts) ? (PLACES)i : places;
            }
            ELEMENT values_found[LANES];
            long places_found[LANES];
            STORE_PRIVATE(found, values_found);
            STORE_PRIVATE(places, places_found);
            for (int each = 0; each < LANES; ++each) {
                const ELEMENT x = values_found[each];
                const long place = places_found[each] + each;
                const bool is_behind = !LATER(x, state.value) || place > state.index;
                if (LATER(state.value, x) && is_behind) state = place_of(x, place);
            }
        }
#endif
        for (; i < share.last; ++i) {
            const ELEMENT x = LOAD(input, at1 + i * plan.stride1);
            state = COMBINE(state, place_of(x, i));
        }
        totals[share.part * plan.rows + share.number + lane] = state;
    }
}
