/* An element and its number. */
typedef struct {
    ELEMENT value;
    long index;
} State;

static inline State place_of(ELEMENT x, long index) {
    const State state = {x, index};
    return state;
}
#define NOWHERE place_of(0, -1)

/* The last of equal ones, and the last nan, of which `b` is behind `a`. */
static inline State later_larger(State a, State b) {
    if (a.index < 0) return b;
    return b.value >= a.value || b.value != b.value ? b : a;
}
static inline State later_smaller(State a, State b) {
    if (a.index < 0) return b;
    return b.value <= a.value || b.value != b.value ? b : a;
}
