/* Numbers of some 48 bits as unevaluated sums of two float32, for devices without float64.

   Sums and products keep what rounding takes off them: D. Knuth, "The Art of Computer
   Programming", volume 2, section 4.2.2, and T. Dekker, "A floating-point technique for extending
   the available precision", Numerische Mathematik 18 (1971) 224-242. */

typedef struct { float high, low; } Pair;

static Pair sum_of(float x, float y) {
    const float sum = x + y;
    const float rest = sum - x;
    const Pair pair = {sum, (x - (sum - rest)) + (y - rest)};
    return pair;
}

static Pair product_of(float x, float y) {
    const float product = x * y;
    const float shifted_x = x * 4097.0f, shifted_y = y * 4097.0f;
    const float high_x = shifted_x - (shifted_x - x), high_y = shifted_y - (shifted_y - y);
    const float low_x = x - high_x, low_y = y - high_y;
    const float rest =
        ((high_x * high_y - product) + high_x * low_y + low_x * high_y) + low_x * low_y;
    const Pair pair = {product, fabs(rest) < INFINITY ? rest : 0.0f};
    return pair;
}

static Pair added(Pair a, Pair b) {
    const Pair high = sum_of(a.high, b.high);
    return sum_of(high.high, high.low + (a.low + b.low));
}

static Pair multiplied(Pair a, Pair b) {
    const Pair high = product_of(a.high, b.high);
    return sum_of(high.high, high.low + (a.high * b.low + a.low * b.high));
}

/* start + n * step; n below 2^48 is exact. */
static Pair on_line(ulong n, float start_high, float start_low, float step_high, float step_low) {
    const Pair start = {start_high, start_low}, step = {step_high, step_low};
    const Pair number = sum_of((float)(n >> 24) * 16777216.0f, (float)(n & 0xffffffUL));
    return added(start, multiplied(number, step));
}

static float value_of(Pair x) { return x.high + x.low; }

/* Cut toward zero. */
static long whole_of(Pair x) {
    const long whole = (long)x.high + (long)x.low;
    const float rest = (x.high - (float)(long)x.high) + (x.low - (float)(long)x.low);
    return whole + (long)((float)whole + rest < 0 ? ceil(rest) : floor(rest));
}

/* base ^ exponent, of which the power rounds the exponent's high part only. */
static float power_of(float base, Pair exponent) {
    const float power = pow(base, exponent.high);
    return power + power * (exponent.low * log(base));
}
