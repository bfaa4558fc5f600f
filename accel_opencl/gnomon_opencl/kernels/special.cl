/* The error function's kin and the normal distribution, one element at a time, in the widest
   floating type of the device, real. Formulas and sources: gnomon.special_functions. */

static real log_odds(real x) {
    if (x >= 0.25 && x <= 0.75) return 2 * atanh(2 * x - 1);
    return log(x / (1 - x));
}

/* M. J. Wichura, "Algorithm AS 241", Applied Statistics 37 (1988) 477-484, routine PPND16. */
static real central_slope(real distance) {
    const real r = (real)0.180625 - distance * distance;
    const real above =
        ((((((((real)2509.0809287301226727 * r + (real)33430.575583588128105) * r
        + (real)67265.770927008700853) * r + (real)45921.953931549871457) * r
        + (real)13731.693765509461125) * r + (real)1971.5909503065514427) * r
        + (real)133.14166789178437745) * r + (real)3.387132872796366608);
    const real below =
        ((((((((real)5226.495278852854561 * r + (real)28729.085735721942674) * r
        + (real)39307.89580009271061) * r + (real)21213.794301586595867) * r
        + (real)5394.1960214247511077) * r + (real)687.1870074920579083) * r
        + (real)42.313330701600911252) * r + (real)1.0);
    return above / below;
}

static real tail_quantile(real tail) {
    real r = sqrt(-log(tail));
    if (r <= 5) {
        r -= (real)1.6;
        return ((((((((real)7.7454501427834140764e-4 * r + (real)0.0227238449892691845833) * r
            + (real)0.24178072517745061177) * r + (real)1.27045825245236838258) * r
            + (real)3.64784832476320460504) * r + (real)5.7694972214606914055) * r
            + (real)4.6303378461565452959) * r + (real)1.42343711074968357734)
            / ((((((((real)1.05075007164441684324e-9 * r + (real)5.475938084995344946e-4) * r
            + (real)0.0151986665636164571966) * r + (real)0.14810397642748007459) * r
            + (real)0.68976733498510000455) * r + (real)1.6763848301838038494) * r
            + (real)2.05319162663775882187) * r + (real)1.0);
    }
    r -= 5;
    return ((((((((real)2.01033439929228813265e-7 * r + (real)2.71155556874348757815e-5) * r
        + (real)0.0012426609473880784386) * r + (real)0.026532189526576123093) * r
        + (real)0.29656057182850489123) * r + (real)1.7848265399172913358) * r
        + (real)5.4637849111641143699) * r + (real)6.6579046435011037772)
        / ((((((((real)2.04426310338993978564e-15 * r + (real)1.4215117583164458887e-7) * r
        + (real)1.8463183175100546818e-5) * r + (real)7.868691311456132591e-4) * r
        + (real)0.0148753612908506148525) * r + (real)0.13692988092273580531) * r
        + (real)0.59983220655588793769) * r + (real)1.0);
}

static real inverse_error(real x) {
    const real half_root = (real)0.7071067811865476;
    if (!(fabs(x) < 1)) return fabs(x) == 1 ? copysign((real)INFINITY, x) : (real)NAN;
    if (fabs(x) <= (real)0.85) return x * ((real)0.5 * half_root * central_slope((real)0.5 * x));
    return copysign(tail_quantile((real)0.5 * (1 - fabs(x))) * half_root, x);
}

static real normal_quantile(real p) {
    if (p == 0 || p == 1) return p == 0 ? -(real)INFINITY : (real)INFINITY;
    if (!(p > 0 && p < 1)) return NAN;
    if (fabs(p - (real)0.5) <= (real)0.425) {
        return (p - (real)0.5) * central_slope(p - (real)0.5);
    }
    return p < (real)0.5 ? -tail_quantile(p) : tail_quantile(1 - p);
}

/* The rounding error of x * x, by Veltkamp's halving of the significand. */
static real square_rest(real x) {
    const real shifted = x * SPLITTER;
    const real high = shifted - (shifted - x);
    const real low = x - high;
    return ((high * high - x * x) + 2 * high * low) + low * low;
}

static real scaled_complement(real x) {
    if (x < -27) return INFINITY;
    // Where the series converges, exp(x^2) is in range in float32 too.
    if (x < (sizeof(real) == 8 ? 10 : 5)) return exp(x * x) * erfc(x) * (1 + square_rest(x));
    const real half_inverse_square = (real)0.5 / x / x;
    real term = 1, total = 1;
    for (int k = 1; k < 16; ++k) {
        term *= -(2 * k - 1) * half_inverse_square;
        total += term;
    }
    return (real)0.5641895835477563 * total / x;
}

static real distribution_below(real x) {
    const real half_root = (real)0.7071067811865476;
    if (!(x < -1)) return (real)0.5 * erfc(-x * half_root);
    if (x < -40) return 0;
    const real scaled = (real)0.5 * scaled_complement(-x * half_root)
        * (1 - (real)0.5 * square_rest(x));
    return scaled * exp((real)-0.5 * (x * x));
}

static real log_normal_below(real x) {
    if (x > 0) {
        const real above = distribution_below(-x);
        // Some compilers' log1p loses the sign of subnormal numbers.
        return above < (real)1e-30 ? -above : log1p(-above);
    }
    if (!(x < -1)) return log(distribution_below(x));
    return log((real)0.5 * scaled_complement(-x * (real)0.7071067811865476))
        - (real)0.5 * x * x;
}
