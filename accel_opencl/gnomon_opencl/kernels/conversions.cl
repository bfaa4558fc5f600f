/* Conversions that no OpenCL C conversion gives, one element of the type T at a time. */

#if IS_FLOATING

/* Cut toward zero in a register; NaN and what does not fit give its minimum. */
static int cut_to_32(T x) {
    return x < (T)2147483648.0 && x > (T)-2147483649.0 ? (int)x : INT_MIN;
}
static long cut_to_64(T x) {
    return x < (T)9223372036854775808.0 && x >= (T)-9223372036854775808.0 ? (long)x : LONG_MIN;
}
static ulong cut_to_unsigned(T x) {
    if (x >= (T)9223372036854775808.0) {
        return x < (T)18446744073709551616.0 ? (ulong)x : (ulong)0;
    }
    return (ulong)cut_to_64(x);
}

/* The nearest float32 but for the last bit, which is set when bits were lost: rounding once more,
   to 16 bits, then gives what rounding once would have given. */
static float rounded_to_odd(T x) {
    float nearest = (float)x;
    if ((T)nearest == x || isnan(x)) return nearest;
    uint bits = as_uint(nearest);
    if (fabs((T)nearest) > fabs(x)) bits -= 1;
    return as_float(bits | 1u);
}

#else

/* As above: bits beyond the highest 24 are lost, and leave the last bit set. */
static float rounded_to_odd(T x) {
    ulong size = x < 0 ? (ulong)0 - (ulong)x : (ulong)x;
    const int lost = 40 - (int)clz(size);
    float value;
    if (size == 0 || lost <= 0) {
        value = (float)size;
    } else {
        const ulong kept = size >> lost;
        value = ldexp((float)(kept | (ulong)(kept << lost != size)), lost);
    }
    return x < 0 ? -value : value;
}

#endif
