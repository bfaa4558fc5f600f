/* An element and its number: the first of equal ones wins, and nan over everything. */
typedef struct {
    ELEMENT value;
    long index;
} State;

static inline State place_of(ELEMENT x, long index) {
    const State state = {x, index};
    return state;
}
#define NOWHERE place_of(0, -1)

static inline State chosen_place(State a, State b, int is_ahead) {
    const int a_nan = a.value != a.value, b_nan = b.value != b.value;
    if (b.index < 0) return a;
    if (a.index < 0) return b;
    if (a_nan != b_nan) return a_nan ? a : b;
    if (!a_nan && a.value != b.value) return is_ahead ? a : b;
    return a.index < b.index ? a : b;
}
static inline State larger_place(State a, State b) {
    return chosen_place(a, b, a.value > b.value);
}
static inline State smaller_place(State a, State b) {
    return chosen_place(a, b, a.value < b.value);
}

/* The last of equal ones, and the last nan, of which `b` is behind `a`. */
static inline State later_larger(State a, State b) {
    if (a.index < 0) return b;
    return b.value >= a.value || b.value != b.value ? b : a;
}
static inline State later_smaller(State a, State b) {
    if (a.index < 0) return b;
    return b.value <= a.value || b.value != b.value ? b : a;
}
