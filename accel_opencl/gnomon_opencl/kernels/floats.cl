/* Functions of floats of the type T, vectors or scalars, that magnify the rounding of a product:
   what was rounded off (Dekker 1971, significands halved by SPLIT) is put back. */

static T rounded_off(T x, T y, T product) {
    const T shifted_x = x * SPLIT, shifted_y = y * SPLIT;
    const T high_x = shifted_x - (shifted_x - x), high_y = shifted_y - (shifted_y - y);
    const T low_x = x - high_x, low_y = y - high_y;
    const T rest = ((high_x * high_y - product) + high_x * low_y + low_x * high_y) + low_x * low_y;
    return fabs(rest) < K(1) ? rest : K(0);
}

/* exp(x y); in float64 the reference rounds the product itself. */
static T exponential_of_product(T x, T y) {
#if IS_DOUBLE
    return exp(x * y);
#else
    return exp(x * y) * (K(1) + rounded_off(x, y, x * y));
#endif
}

/* (1 + 2a) exp(a^2) erfc(a) for a from 0 to where erfc is 0 in float32: a polynomial of
   q = (a - 2) / (a + 2), as in M. M. Shepherd and J. G. Laframboise, "Chebyshev Approximation of
   (1 + 2x) exp(x^2) erfc x", 1981; its Chebyshev interpolation of degree 9 is off by 2^-26.
   The compilers' own erfc takes lanes one by one. */
static T magnified_complement(T q) {
    T sum = K(-0.000409181783f);
    sum = sum * q + K(-0.00124077022f);
    sum = sum * q + K(0.00132073404f);
    sum = sum * q + K(0.0086424239f);
    sum = sum * q + K(-0.0080618728f);
    sum = sum * q + K(-0.0542076863f);
    sum = sum * q + K(0.164055586f);
    sum = sum * q + K(-0.166031078f);
    sum = sum * q + K(-0.0927639902f);
    return sum * q + K(1.27697837f);
}

/* erfc(x). */
static T complementary_error(T x) {
#if IS_DOUBLE
    return erfc(x);
#else
    const T size = fabs(x), a = size > K(11) ? K(11) : size, square = a * a;
    const T power = exp(-square) * (K(1) - rounded_off(a, a, square));
    const T complement = magnified_complement((a - K(2)) / (a + K(2))) / (K(2) * a + K(1)) * power;
    return x < K(0) ? K(2) - complement : complement;
#endif
}

/* The normal distribution function, erfc(-x / sqrt(2)) / 2. */
static T normal_below(T x) {
#if IS_DOUBLE
    /* Beyond 1/2 the complement falls by about 2 z for a step of 1 in z, which magnifies what was
       rounded off of x / sqrt(2). The root is the sum of two numbers. */
    const T root = K(0.70710678118654757), z = -x * root;
    const T rest = rounded_off(-x, root, z) - x * K(-4.8336466567264567e-17);
    const T half_complement = K(0.5) * complementary_error(z);
    const T near = K(1) - K(2) * z * (fabs(rest) < K(1) ? rest : K(0));
    return half_complement * (((z > K(0.5)) & (z < K(40))) ? near : K(1));
#else
    /* As erfc(a) with sqrt(2) a for a, so that nothing is rounded before it is squared. */
    const T size = fabs(x), a = size > K(15) ? K(15) : size, square = a * a;
    const T power = exp(K(-0.5) * square) * (K(0.5) - K(0.25) * rounded_off(a, a, square));
    const T middle = K(2.82842712f);
    const T complement = magnified_complement((a - middle) / (a + middle))
        / (K(1.41421356f) * a + K(1)) * power;
    return x > K(0) ? K(1) - complement : complement;
#endif
}

#if HAS_DOUBLES
/* Functions of the type FLOATS, of as many lanes as registers hold doubles. */

/* 2^(y log2(size)) for a size that is not negative. size is 2^n m, m from sqrt(1/2) to sqrt(2),
   and log2(m) is odd in s = (m - 1) / (m + 1): s times its Chebyshev interpolation of degree 4 in
   s^2, off by a 2^-36th of itself. That is exact enough for exponents up to 150 if they are
   doubles, and 2^r for what is left of them, at most 1/2, is made of floats, off by 2^-29. */
static FLOATS raised_through_doubles(FLOATS size, FLOATS y) {
    const FLOATS near = size < F(0x1p-126f) ? size * F(0x1p24f) : size;
    const INTS steps = (AS_INTS(near) - 0x3f3504f3) >> 23;
    const DOUBLES m = CONVERT_DOUBLES(AS_FLOATS(AS_INTS(near) - (steps << 23)));
    const DOUBLES s = (m - 1) / (m + 1), square = s * s;
    DOUBLES sum = (DOUBLES)(0.34071204156190861);
    sum = sum * square + 0.41167376623771059;
    sum = sum * square + 0.57708356600486586;
    sum = sum * square + 0.96179667345154847;
    sum = sum * square + 2.885390081789987;
    const FLOATS n = CONVERT_FLOATS(steps) - (size < F(0x1p-126f) ? F(24) : F(0));
    const DOUBLES logarithm = CONVERT_DOUBLES(n) + s * sum;
    const FLOATS rough = CONVERT_FLOATS(logarithm) * y;
    const FLOATS whole = rint(rough > F(160) ? F(160) : (rough < F(-160) ? F(-160) : rough));
    const FLOATS r = CONVERT_FLOATS(CONVERT_DOUBLES(y) * logarithm - CONVERT_DOUBLES(whole));
    FLOATS result = F(0.000154614447f);
    result = result * r + F(0.001340042818f);
    result = result * r + F(0.009618056679f);
    result = result * r + F(0.05550327227f);
    result = result * r + F(0.2402265092f);
    result = result * r + F(0.6931472067f);
    result = result * r + F(1);
    const INTS exponent = CONVERT_INTS(whole), half_of_it = exponent >> 1;
    result = result * AS_FLOATS((half_of_it + 127) << 23)
        * AS_FLOATS((exponent - half_of_it + 127) << 23);
    result = rough > F(159) ? F(INFINITY) : (rough < F(-159) ? F(0) : result);
    const FLOATS huge = y > F(0) ? F(INFINITY) : F(0), tiny = y > F(0) ? F(0) : F(INFINITY);
    result = size == F(0) ? tiny : (size == F(INFINITY) ? huge : result);
    return ((size != size) | (y != y)) ? F(NAN) : result;
}

/* A quotient of floats below 2^28 is cut right in doubles, since it is further from a whole number
   than it is rounded unless it is one; its product with y, and what that leaves of x, are exact. */
static FLOATS rest_through_doubles(FLOATS x, FLOATS y) {
    const DOUBLES quotient = trunc(CONVERT_DOUBLES(x) / CONVERT_DOUBLES(y));
    const FLOATS size = fabs(CONVERT_FLOATS(quotient));
    const FLOATS rest = CONVERT_FLOATS(CONVERT_DOUBLES(x) - quotient * CONVERT_DOUBLES(y));
    if (ARE_ALL(size < F(0x1p28f))) return size == F(0) ? x : copysign(rest, x);
    return fmod(x, y);
}

static FLOATS whole_through_doubles(FLOATS x, FLOATS y) {
    const FLOATS below = CONVERT_FLOATS(floor(CONVERT_DOUBLES(x) / CONVERT_DOUBLES(y)));
    const FLOATS by_infinity =
        ((x < F(0)) & (y > F(0))) | ((x > F(0)) & (y < F(0))) ? F(-1) : F(0);
    const FLOATS finite = ((fabs(y) == F(INFINITY)) & (x == x)) ? by_infinity : below;
    return fabs(x) == F(INFINITY) ? F(NAN) : finite;
}

/* What a function of FLOATS makes of x and y, part by part. */
#define THROUGH_DOUBLES(function, x, y) \
    T result; \
    _Pragma("unroll") \
    for (int part = 0; part < PARTS; ++part) \
        ((FLOATS *)&result)[part] = function(((FLOATS *)&x)[part], ((FLOATS *)&y)[part]); \
    return result;
#endif

/* size^y for a size that is not negative; what signs are for `raised` to see to. */
static T raised_size(T size, T y) {
#if HAS_DOUBLES
    THROUGH_DOUBLES(raised_through_doubles, size, y)
#else
    return pow(size, y);
#endif
}

/* x^y. Some compilers' own takes lanes one by one, and PoCL's, of vectors of doubles, is wrong. */
static T raised(T x, T y) {
    const T size = fabs(x), half_of_y = y * K(0.5);
    const T found = raised_size(size, y);
    const T made = ((rint(y) == y) & (rint(half_of_y) != half_of_y)) ? copysign(found, x) : found;
    const T real = ((x < K(0)) & (rint(y) != y) & (size < K(INFINITY))) ? K(NAN) : made;
    const T one = ((size == K(1)) & (fabs(y) == K(INFINITY))) ? K(1) : real;
    return ((y == K(0)) | (x == K(1))) ? K(1) : one;
}

/* The remainder of x, with its sign, once it is divided by y: fmod, which compilers' own takes a
   bit of the quotient at a time for. */
static T cut_remainder(T x, T y) {
#if HAS_DOUBLES
    THROUGH_DOUBLES(rest_through_doubles, x, y)
#else
    return fmod(x, y);
#endif
}

/* The remainder has the sign of y. */
static T floored_remainder(T x, T y) {
    const T rest = cut_remainder(x, y);
    return ((rest != K(0)) & ((rest < K(0)) != (y < K(0)))) ? rest + y : rest;
}

/* The largest whole number that is not above the exact quotient, so that 1.0 // 0.1 is 9. */
static T whole_quotient(T x, T y) {
#if HAS_DOUBLES
    THROUGH_DOUBLES(whole_through_doubles, x, y)
#else
    /* The remainder, which is exact, is taken off before dividing. */
    const T rest = cut_remainder(x, y), above = (x - rest) / y;
    return rint(((rest != K(0)) & ((rest < K(0)) != (y < K(0)))) ? above - K(1) : above);
#endif
}

static T floored_quotient(T x, T y) {
    const T whole = whole_quotient(x, y), zero = copysign(K(0), x) * copysign(K(1), y);
    return y == K(0) ? x / y : (whole == K(0) ? zero : whole);
}
