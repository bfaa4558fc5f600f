/* exp(x) of vectors of floats that are at most 64, within 2 ULPs, in a third of the instructions
   of the compilers' own.

   x is n log(2) + r; log(2) is taken off in two parts, the first so short that n times it is exact
   (W. J. Cody and W. Waite, "Software Manual for the Elementary Functions", 1980). Adding
   1.5 * 2^23 + 157 leaves n + 157 in the last bits, which is the exponent of 2^(n + 30): that is
   never subnormal, as 2^n may be. (exp(r) - 1 - r) / r^2 is its Chebyshev interpolation of degree
   4, by which exp(r) is off by 2^-26. */
static inline EXPONENTIAL_VECTOR exponential(EXPONENTIAL_VECTOR x) {
#pragma OPENCL FP_CONTRACT ON
    const EXPONENTIAL_VECTOR least = -104.0f, shift = 12583069.0f, two_to_minus_30 = 0x1p-30f;
    const EXPONENTIAL_VECTOR near = x < least ? least : x;
    const EXPONENTIAL_VECTOR shifted = near * 1.44269502f + shift, n = shifted - shift;
    const EXPONENTIAL_VECTOR r = (near - n * 0.693145752f) - n * 1.42860677e-6f;
    EXPONENTIAL_VECTOR power = 0.0013926184f;
    power = power * r + 0.00836317893f;
    power = power * r + 0.0416665561f;
    power = power * r + 0.166665763f;
    power = power * r + 0.5f;
    power = power * r + 1.0f;
    power = power * r + 1.0f;
    return power * EXPONENTIAL_SCALE(shifted) * two_to_minus_30;
}
