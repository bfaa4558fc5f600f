/* Quotients, remainders and the written form of numbers, one element at a time.

   T is the type of the elements; IS_FLOATING and IS_SIGNED say what it is. ROUND rounds to what
   is stored, STORED and UNSTORED go to the 16 bits of a half and back. */

#if IS_FLOATING

static T cut_quotient(T x, T y) { return trunc(ROUND(x / y)); }

static T rounded_to_decimals(T x, T decimals) {
    if (decimals == 0) return rint(x);
    T scale = 1;
    for (int k = (int)fabs(decimals); k > 0; --k) scale *= 10;
    return decimals > 0 ? rint(x * scale) / scale : rint(x / scale) * scale;
}

static T neighbour(T x, T toward) {
#ifdef STORED
    if (isnan(x) || isnan(toward)) return NAN;
    if (x == toward) return toward;
    if (x == 0) return copysign(UNSTORED(1), toward);
    const ushort bits = STORED(x);
    return UNSTORED((ushort)((toward > x) == (x > 0) ? bits + 1 : bits - 1));
#else
    return x == toward ? toward : nextafter(x, toward);
#endif
}

/* x * 2^exponent, also where the power alone would overflow. Among subnormal numbers some
   drivers' ldexp rounds twice, so that it is given whole numbers of the smallest there. */
static T scaled(T x, T exponent) {
    if (isinf(exponent) || exponent != floor(exponent)) return (T)((real)x * exp2((real)exponent));
    const int power = (int)fmax((T)-2200, fmin(exponent, (T)2200));
    const int normal = sizeof(T) == 8 ? -1022 : -126, smallest = sizeof(T) == 8 ? -1074 : -149;
    const T result = ldexp(x, power);
    if (!(fabs(result) < ldexp((T)1, normal))) return result;
    return ldexp(rint(ldexp(x, power - smallest)), smallest);
}

static T mantissa(T x) {
    int exponent;
    return isinf(x) || isnan(x) || x == 0 ? x : frexp(x, &exponent);
}

static int exponent_of(T x) {
    int exponent;
    if (isinf(x) || isnan(x) || x == 0) return 0;
    frexp(x, &exponent);
    return exponent;
}

#else

/* Divisors of zero are refused before the launch; the smallest integer by -1 would trap. */
static T integer_quotient(T x, T y) {
#if IS_SIGNED
    if (y == (T)-1) return S((UT)0 - U(x));
#endif
    return y == 0 ? 0 : x / y;
}

static T integer_remainder(T x, T y) {
#if IS_SIGNED
    if (y == (T)-1) return 0;
#endif
    return y == 0 ? 0 : x % y;
}

static T integer_floored_quotient(T x, T y) {
    const T quotient = integer_quotient(x, y);
    return integer_remainder(x, y) != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient;
}

static T integer_floored_remainder(T x, T y) {
    const T remainder = integer_remainder(x, y);
    return remainder != 0 && (x < 0) != (y < 0) ? remainder + y : remainder;
}

#endif
