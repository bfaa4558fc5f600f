/* exp(x y) for floats of the type T. The exponential magnifies the rounding of the product, so in
   float32 what was rounded off (Dekker 1971: significands halved by 2^12 + 1) is put back; in
   float64 the reference rounds the product itself. */
static T exponential_of_product(T x, T y) {
    const T product = x * y;
#if IS_DOUBLE
    return exp(product);
#else
    const T shifted_x = x * K(4097), shifted_y = y * K(4097);
    const T high_x = shifted_x - (shifted_x - x), high_y = shifted_y - (shifted_y - y);
    const T low_x = x - high_x, low_y = y - high_y;
    const T rest = ((high_x * high_y - product) + high_x * low_y + low_x * high_y) + low_x * low_y;
    return exp(product) * (K(1) + (fabs(rest) < K(1) ? rest : K(0)));
#endif
}
