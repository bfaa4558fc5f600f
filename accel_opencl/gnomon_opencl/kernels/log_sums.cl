/* A logarithm of a sum of exponentials: the largest exponent, the sum relative to it, and what
   the rounding of that sum has lost (A. Neumaier, ZAMM 54, 1974). */
typedef struct {
    WIDE largest;
    WIDE relative;
    WIDE lost;
} State;

static inline State log_sum(WIDE largest, WIDE relative) {
    const State state = {largest, relative, 0};
    return state;
}
static inline State added(State a, State b) {
    if (a.largest != a.largest || b.largest != b.largest) return log_sum(NAN, 1);
    const WIDE largest = a.largest > b.largest ? a.largest : b.largest;
    if (isinf(largest)) return log_sum(largest, 1);
    const WIDE scale_a = exp(a.largest - largest), scale_b = exp(b.largest - largest);
    const WIDE x = a.relative * scale_a, y = b.relative * scale_b;
    State sum = log_sum(largest, x + y);
    const WIDE rest = x >= y ? x - sum.relative + y : y - sum.relative + x;
    sum.lost = a.lost * scale_a + b.lost * scale_b + rest;
    return sum;
}
static inline WIDE value_of(State s) {
    return fabs(s.largest) < INFINITY ? s.largest + log(s.relative + s.lost) : s.largest;
}
