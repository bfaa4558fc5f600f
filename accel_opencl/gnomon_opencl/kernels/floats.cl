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
