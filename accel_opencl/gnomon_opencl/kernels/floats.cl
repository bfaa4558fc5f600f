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

/* size^y for a size that is not negative; signs are for `raised` to see to. */
static T raised_size(T size, T y) {
#if HAS_DOUBLES
    /* 2^(y log2(size)). size is 2^n m, m from sqrt(1/2) to sqrt(2), and log2(m) is odd in
       s = (m - 1) / (m + 1): s times its Chebyshev interpolation of degree 4 in s^2, off by a
       2^-36th of itself. That is exact enough for exponents up to 150 if they are doubles, and
       2^r for what is left of them, at most 1/2, is made of floats, off by 2^-29. */
    const T least = K(0x1p-126f), near = size < least ? size * K(0x1p24f) : size;
    const INTS steps = (AS_INTS(near) - 0x3f3504f3) >> 23;
    const DOUBLES m = CONVERT_DOUBLES(AS_FLOATS(AS_INTS(near) - (steps << 23)));
    const DOUBLES s = (m - 1) / (m + 1), square = s * s;
    DOUBLES sum = (DOUBLES)(0.34071204156190861);
    sum = sum * square + 0.41167376623771059;
    sum = sum * square + 0.57708356600486586;
    sum = sum * square + 0.96179667345154847;
    sum = sum * square + 2.885390081789987;
    const T n = CONVERT_FLOATS(steps) - (size < least ? K(24) : K(0));
    const DOUBLES logarithm = CONVERT_DOUBLES(n) + s * sum;
    const T rough = CONVERT_FLOATS(logarithm) * y;
    const T bound = rough > K(160) ? K(160) : (rough < K(-160) ? K(-160) : rough);
    const T whole = rint(bound);
    const T r = CONVERT_FLOATS(CONVERT_DOUBLES(y) * logarithm - CONVERT_DOUBLES(whole));
    T result = K(0.000154614447f);
    result = result * r + K(0.001340042818f);
    result = result * r + K(0.009618056679f);
    result = result * r + K(0.05550327227f);
    result = result * r + K(0.2402265092f);
    result = result * r + K(0.6931472067f);
    result = result * r + K(1);
    const INTS exponent = CONVERT_INTS(whole), half_of_it = exponent >> 1;
    result = result * AS_FLOATS((half_of_it + 127) << 23)
        * AS_FLOATS((exponent - half_of_it + 127) << 23);
    result = rough > K(159) ? K(INFINITY) : (rough < K(-159) ? K(0) : result);
    const T huge = y > K(0) ? K(INFINITY) : K(0), tiny = y > K(0) ? K(0) : K(INFINITY);
    result = size == K(0) ? tiny : (size == K(INFINITY) ? huge : result);
    return ((size != size) | (y != y)) ? K(NAN) : result;
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

/* The remainder of x, with its sign, once it is divided by y: fmod, which takes a bit of the
   quotient at a time. In doubles a quotient of floats below 2^28 is cut right, since it is
   further from a whole number than it is rounded unless it is one, and its product with y and
   what that leaves of x are exact. */
static T cut_remainder(T x, T y) {
#if HAS_DOUBLES
    const DOUBLES quotient = trunc(CONVERT_DOUBLES(x) / CONVERT_DOUBLES(y));
    const T size = fabs(CONVERT_FLOATS(quotient));
    const T rest = CONVERT_FLOATS(CONVERT_DOUBLES(x) - quotient * CONVERT_DOUBLES(y));
    if (ARE_ALL(size < K(0x1p28f))) return size == K(0) ? x : copysign(rest, x);
#endif
    return fmod(x, y);
}

/* The remainder has the sign of y. */
static T floored_remainder(T x, T y) {
    const T rest = cut_remainder(x, y);
    return ((rest != K(0)) & ((rest < K(0)) != (y < K(0)))) ? rest + y : rest;
}

/* The whole number below the exact quotient, so that 1.0 // 0.1 is 9: a quotient of doubles is
   as far on its side of whole numbers as it is for the remainder; else the remainder, which is
   exact, is taken off before dividing. */
static T floored_quotient(T x, T y) {
#if HAS_DOUBLES
    const T size = fabs(y), below = CONVERT_FLOATS(floor(CONVERT_DOUBLES(x) / CONVERT_DOUBLES(y)));
    const T by_infinity = ((x < K(0)) & (y > K(0))) | ((x > K(0)) & (y < K(0))) ? K(-1) : K(0);
    const T finite = ((size == K(INFINITY)) & (x == x)) ? by_infinity : below;
    const T whole = fabs(x) == K(INFINITY) ? K(NAN) : finite;
#else
    const T rest = cut_remainder(x, y), above = (x - rest) / y;
    const T whole = rint(((rest != K(0)) & ((rest < K(0)) != (y < K(0)))) ? above - K(1) : above);
#endif
    const T signed_zero = copysign(K(0), x) * copysign(K(1), y);
    return y == K(0) ? x / y : (whole == K(0) ? signed_zero : whole);
}
