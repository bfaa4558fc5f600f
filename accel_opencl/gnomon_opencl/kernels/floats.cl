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

/* The normal distribution function, erfc(-x / sqrt(2)) / 2. Beyond 1/2 the complement falls by
   about 2 z for a step of 1 in z, which magnifies what was rounded off of x / sqrt(2). */
static T normal_below(T x) {
    const T factor = K(ROOT_OF_HALF_HIGH);
    const T z = -x * factor;
    const T rest = rounded_off(-x, factor, z) - x * K(ROOT_OF_HALF_LOW);
    const T half_complement = K(0.5) * erfc(z);
    const T near = K(1) - K(2) * z * (fabs(rest) < K(1) ? rest : K(0));
    return half_complement * (((z > K(0.5)) & (z < K(40))) ? near : K(1));
}
