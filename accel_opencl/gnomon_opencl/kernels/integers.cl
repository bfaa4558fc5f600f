/* Powers, shifts and divisors of integers, modulo 2^64; T is the type of the elements. */

#if !IS_FLOATING

static T integer_power(T x, T y) {
    if (y < 0) {
        if (x == 1) return 1;
        return x == (T)-1 ? (T)(y % 2 ? -1 : 1) : 0;
    }
    ulong power = 1, square = (ulong)x, exponent = (ulong)y;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) power *= square;
        square *= square;
    }
    return (T)power;
}

static T shifted_left(T x, T bits) {
    return bits < 0 || bits >= 64 ? 0 : (T)((ulong)x << (ulong)bits);
}

/* A shift by too many bits, or by a negative number of them, leaves nothing but the sign. */
static T shifted_right(T x, T bits) {
    const bool inside = bits >= 0 && bits < 64;
#if IS_SIGNED
    return (T)((long)x >> (inside ? (long)bits : 63));
#else
    return inside ? (T)((ulong)x >> (ulong)bits) : 0;
#endif
}

static ulong size_of(T x) { return x < 0 ? (ulong)0 - (ulong)x : (ulong)x; }

static ulong divisor_of(ulong x, ulong y) {
    while (y) {
        const ulong rest = x % y;
        x = y;
        y = rest;
    }
    return x;
}

static T common_divisor(T x, T y) { return (T)divisor_of(size_of(x), size_of(y)); }

static T common_multiple(T x, T y) {
    if (x == 0 || y == 0) return 0;
    return (T)(size_of(x) / divisor_of(size_of(x), size_of(y)) * size_of(y));
}

#endif
