/* Bessel functions of order 0 and 1, one element at a time, in the widest floating type, real.

   I is its power series (DLMF 10.25.2), whose terms have one sign; J, where the series would
   cancel, is Bessel's integral (DLMF 10.9.1) by the trapezoidal rule, whose error falls faster
   than any power of the number of points. Beyond 30 both are asymptotic (DLMF 10.17, 10.40). */

static real bessel_series(int order, real sign, real x) {
    const real quarter_square = sign * (x * x / 4);
    real term = 1, total = 1;
    for (int k = 1; k < 80; ++k) {
        term *= quarter_square / (real)(k * (k + order));
        total += term;
    }
    return order ? total * (x / 2) : total;
}

/* The sum of a_k / x^k with the alternating signs of I, and the two sums of J. */
static void asymptotic_sums(int order, real x, real *modified, real *even, real *odd) {
    real term = 1;
    *modified = 1;
    *even = 1;
    *odd = 0;
    for (int k = 1; k < 20; ++k) {
        const real factor = (real)(4 * order * order - (2 * k - 1) * (2 * k - 1)) / (8 * k) / x;
        if (fabs(factor) >= 1) break;
        term *= factor;
        *modified += k & 1 ? -term : term;
        const real signed_term = (k >> 1) & 1 ? -term : term;
        if (k & 1) *odd += signed_term;
        else *even += signed_term;
    }
}

static real root_two_pi(real x) { return (real)2.5066282746310007 * sqrt(x); }

static real modified_bessel(int order, real x) {
    const real size = fabs(x);
    real magnitude = size;
    if (size <= 30) {
        magnitude = bessel_series(order, 1, size);
    } else if (size < INFINITY) {
        real modified, even, odd;
        asymptotic_sums(order, size, &modified, &even, &odd);
        const real half_power = exp(size / 2);
        magnitude = half_power * (half_power * (modified / root_two_pi(size)));
    }
    return order ? copysign(magnitude, x) : magnitude;
}

static real decayed_bessel(int order, real x) {
    const real size = fabs(x);
    real magnitude = 1 / size;
    if (size <= 30) {
        magnitude = bessel_series(order, 1, size) * exp(-size);
    } else if (size < INFINITY) {
        real modified, even, odd;
        asymptotic_sums(order, size, &modified, &even, &odd);
        magnitude = modified / root_two_pi(size);
    }
    return order ? copysign(magnitude, x) : magnitude;
}

static real bessel_integral(int order, real x) {
    const int points = 64;
    const real step = (real)3.141592653589793 / points;
    real total = (real)0.5 * (1 + (order ? cos((real)3.141592653589793) : 1));
    for (int k = 1; k < points; ++k) {
        const real angle = k * step;
        total += cos(order * angle - x * sin(angle));
    }
    return total / points;
}

static real bessel(int order, real x) {
    const real size = fabs(x);
    if (isnan(x)) return x;
    if (isinf(x)) return 0;
    if (size <= 4) return bessel_series(order, -1, x);
    real value;
    if (size <= 30) {
        value = bessel_integral(order, size);
    } else {
        real modified, even, odd;
        asymptotic_sums(order, size, &modified, &even, &odd);
        const real sine = sin(size), cosine = cos(size);
        const real phase_cosine = order ? sine - cosine : cosine + sine;
        const real phase_sine = order ? -sine - cosine : sine - cosine;
        value = (real)0.5641895835477563 * (phase_cosine * even - phase_sine * odd) / sqrt(size);
    }
    return order && x < 0 ? -value : value;
}
