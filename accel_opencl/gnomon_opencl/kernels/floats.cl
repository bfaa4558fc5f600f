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

/* erfc(x). In float32 (1 + 2a) exp(a^2) erfc(a) is, for a from 0 to where erfc is 0, a polynomial
   of (a - 2) / (a + 2), as in M. M. Shepherd and J. G. Laframboise, "Chebyshev Approximation of
   (1 + 2x) exp(x^2) erfc x", 1981; its Chebyshev interpolation of degree 9 is off by 2^-26.
   The compilers' own erfc takes lanes one by one. */
static T complementary_error(T x) {
#if IS_DOUBLE
    return erfc(x);
#else
    const T size = fabs(x), a = size > K(11) ? K(11) : size;
    const T q = (a - K(2)) / (a + K(2));
    T scaled = K(-0.000409181783f);
    scaled = scaled * q + K(-0.00124077022f);
    scaled = scaled * q + K(0.00132073404f);
    scaled = scaled * q + K(0.0086424239f);
    scaled = scaled * q + K(-0.0080618728f);
    scaled = scaled * q + K(-0.0542076863f);
    scaled = scaled * q + K(0.164055586f);
    scaled = scaled * q + K(-0.166031078f);
    scaled = scaled * q + K(-0.0927639902f);
    scaled = scaled * q + K(1.27697837f);
    const T square = a * a;
    const T power = exp(-square) * (K(1) - rounded_off(a, a, square));
    const T complement = scaled / (K(2) * a + K(1)) * power;
    return x < K(0) ? K(2) - complement : complement;
#endif
}

/* The normal distribution function, erfc(-x / sqrt(2)) / 2. Beyond 1/2 the complement falls by
   about 2 z for a step of 1 in z, which magnifies what was rounded off of x / sqrt(2). */
static T normal_below(T x) {
    const T factor = K(ROOT_OF_HALF_HIGH);
    const T z = -x * factor;
    const T rest = rounded_off(-x, factor, z) - x * K(ROOT_OF_HALF_LOW);
    const T half_complement = K(0.5) * complementary_error(z);
    const T near = K(1) - K(2) * z * (fabs(rest) < K(1) ? rest : K(0));
    return half_complement * (((z > K(0.5)) & (z < K(40))) ? near : K(1));
}
