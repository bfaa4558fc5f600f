/* A logarithm of a sum of exponentials: the largest exponent, and the sum relative to it. */
typedef struct {
    WIDE largest;
    WIDE relative;
} State;

static inline State log_sum(WIDE largest, WIDE relative) {
    const State state = {largest, relative};
    return state;
}
static inline State added(State a, State b) {
    if (a.largest != a.largest || b.largest != b.largest) return log_sum(NAN, 1);
    const WIDE largest = a.largest > b.largest ? a.largest : b.largest;
    if (isinf(largest)) return log_sum(largest, 1);
    return log_sum(largest, a.relative * exp(a.largest - largest)
                                + b.relative * exp(b.largest - largest));
}
static inline WIDE value_of(State s) {
    return fabs(s.largest) < INFINITY ? s.largest + log(s.relative) : s.largest;
}
