/* Loads, stores and rounding that every kernel may use. Vectors have eight lanes; where some
   elements have 64 bits and vectors of eight of them are not to be trusted, four; where all are
   floats and registers hold as many, sixteen. */

#pragma OPENCL FP_CONTRACT OFF

/* Vectors that stand anywhere in memory; some compilers take vload8 for four loads of two, and
   vstore16 for three stores. */
typedef uchar8 uchar8_cells __attribute__((aligned(1)));
typedef ushort8 ushort8_cells __attribute__((aligned(2)));
typedef uint8 uint8_cells __attribute__((aligned(4)));
typedef char8 char8_cells __attribute__((aligned(1)));
typedef short8 short8_cells __attribute__((aligned(2)));
typedef int8 int8_cells __attribute__((aligned(4)));
typedef float8 float8_cells __attribute__((aligned(4)));
typedef uint4 uint4_cells __attribute__((aligned(4)));
typedef int4 int4_cells __attribute__((aligned(4)));
typedef float4 float4_cells __attribute__((aligned(4)));
typedef float16 float16_cells __attribute__((aligned(4)));

/* Says of a loop over less than a vector that it is to be left as it is: to make vectors of it
   and unroll it takes compilers longer than the rest of a small kernel, and saves nothing. */
#ifdef __clang__
#define ROLLED _Pragma("clang loop vectorize(disable) unroll(disable)")
#else
#define ROLLED
#endif

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
static ushort8 float16_bits8(float8 x) {
    ushort8 cells;
    vstore_half8_rte(x, 0, (__private half *)&cells);
    return cells;
}
static float8 float16_values8(ushort8 bits) {
    return vload_half8(0, (const __private half *)&bits);
}
static float float16_value(ushort bits) { return vload_half(0, (const __private half *)&bits); }
static float bfloat16_value(ushort bits) { return as_float((uint)bits << 16); }

/* Values as they are after having been stored in 16 bits. */
static float float16_rounded1(float x) { return float16_value(float16_bits1(x)); }
static float bfloat16_rounded1(float x) { return bfloat16_value(bfloat16_bits1(x)); }
static float8 float16_rounded8(float8 x) {
    ushort cells[8];
    vstore_half8_rte(x, 0, (__private half *)cells);
    return vload_half8(0, (const __private half *)cells);
}
static float8 bfloat16_rounded8(float8 x) {
    return as_float8(convert_uint8(bfloat16_bits8(x)) << 16);
}
