/* Loads, stores and rounding that every kernel may use. Vectors have eight lanes. */

#pragma OPENCL FP_CONTRACT OFF

/* A comparison gives 1 in scalars and -1 in vectors; a bool is a byte of 0 or 1. */
static uchar truth_of_bytes1(uchar x) { return (uchar)(x != 0); }
static uchar8 truth_of_bytes8(uchar8 x) { return as_uchar8(x != (uchar8)(0)) & (uchar8)(1); }

/* The 16 high bits of a float32, rounded to nearest even; a NaN stays one. */
static ushort bfloat16_bits1(float x) {
    const uint bits = as_uint(x);
    const uint rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return (ushort)(isnan(x) ? 0x7fc0u : rounded);
}
static ushort8 bfloat16_bits8(float8 x) {
    const uint8 bits = as_uint8(x);
    const uint8 rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return convert_ushort8(isnan(x) ? (uint8)(0x7fc0u) : rounded);
}

/* The 16 bits of a half, and the value of 16 bits. */
static ushort float16_bits1(float x) {
    ushort cell;
    vstore_half_rte(x, 0, (__private half *)&cell);
    return cell;
}
static float float16_value(ushort bits) { return vload_half(0, (const __private half *)&bits); }
static float bfloat16_value(ushort bits) { return as_float((uint)bits << 16); }
