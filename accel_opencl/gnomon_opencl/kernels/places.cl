/* An element and its number. What a scan begins with is no larger, or smaller, than any element,
   so that the first one replaces it. */
typedef struct {
    ELEMENT value;
    PLACE index;
} State;

static inline State place_of(ELEMENT x, PLACE index) {
    const State state = {x, index};
    return state;
}

/* Most elements are no new extremes: a branch that is foretold lets the next element be looked at
   meanwhile, where a choice of one of two numbers has to wait for the choice before. */
#ifdef __clang__
#define IS_SELDOM(x) __builtin_expect(x, 0)
#else
#define IS_SELDOM(x) (x)
#endif

/* The last of equal ones, and the last nan, of which `b` is behind `a`. */
static inline State later_larger(State a, State b) {
    if (IS_SELDOM((b.value >= a.value) | (b.value != b.value))) return b;
    return a;
}
static inline State later_smaller(State a, State b) {
    if (IS_SELDOM((b.value <= a.value) | (b.value != b.value))) return b;
    return a;
}
