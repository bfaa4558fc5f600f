/* An element and its number; LATER(a, b) is whether `b`, which is behind `a`, counts instead. */
typedef struct {
    ELEMENT value;
    long index;
} State;

static inline State place_of(ELEMENT x, long index) {
    const State state = {x, index};
    return state;
}
static inline State later(State a, State b) { return LATER(a.value, b.value) ? b : a; }
