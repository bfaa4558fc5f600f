/* exp(x) of vectors of floats, within 2 ULPs, in half the instructions of the compilers' own.

   x is n log(2) + r; log(2) is taken off in two parts, the first so short that n times it is exact
   (W. J. Cody and W. Waite, "Software Manual for the Elementary Functions", 1980). Adding
   1.5 * 2^23 leaves n in the last bits. (exp(r) - 1 - r) / r^2 is its Chebyshev interpolation of
   degree 4, by which exp(r) is off by 2^-26. The scale is two factors, since 2^n may be subnormal
   or too large. */
static inline EXPONENTIAL_VECTOR exponential(EXPONENTIAL_VECTOR x) {
#pragma OPENCL FP_CONTRACT ON
    const EXPONENTIAL_VECTOR most = 104.0f, shift = 12582912.0f;
    const EXPONENTIAL_VECTOR below = x > most ? most : x, near = below < -most ? -most : below;
    const EXPONENTIAL_VECTOR shifted = near * 1.44269502f + shift, n = shifted - shift;
    const EXPONENTIAL_VECTOR r = (near - n * 0.693145752f) - n * 1.42860677e-6f;
    EXPONENTIAL_VECTOR power = 0.0013926184f;
    power = power * r + 0.00836317893f;
    power = power * r + 0.0416665561f;
    power = power * r + 0.166665763f;
    power = power * r + 0.5f;
    power = power * r + 1.0f;
    power = power * r + 1.0f;
    const EXPONENTIAL_MASK whole = EXPONENTIAL_BITS(shifted) - EXPONENTIAL_BITS(shift);
    const EXPONENTIAL_MASK half_of_it = whole >> 1;
    return power * EXPONENTIAL_SCALE(half_of_it) * EXPONENTIAL_SCALE(whole - half_of_it);
}
