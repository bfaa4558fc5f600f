/* Philox 4x32-10 and the numbers made of it, as gnomon.generator.philox and philox_normal define
   them: every step is one float32 operation, rounded, and none is fused. */

typedef struct { uint seed_low, seed_high, offset_low, offset_high; } Draw;

/* Word `number` of the draw: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3". */
static uint word(ulong number, Draw draw) {
    const ulong block = number / 4;
    uint c0 = (uint)block, c1 = (uint)(block >> 32);
    uint c2 = draw.offset_low, c3 = draw.offset_high;
    uint k0 = draw.seed_low, k1 = draw.seed_high;
    for (int turn = 0; turn < 10; ++turn) {
        const uint low0 = c0 * 0xd2511f53u, high0 = mul_hi(c0, 0xd2511f53u);
        const uint low2 = c2 * 0xcd9e8d57u, high2 = mul_hi(c2, 0xcd9e8d57u);
        c0 = high2 ^ c1 ^ k0;
        c1 = low2;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    switch (number % 4) {
        case 0: return c0;
        case 1: return c1;
        case 2: return c2;
        default: return c3;
    }
}

static ulong word64(ulong number, Draw draw) {
    return (ulong)word(2 * number, draw) << 32 | word(2 * number + 1, draw);
}

static float unit(ulong number, Draw draw) {
    return (float)(word(number, draw) >> 8) * 0x1p-24f;
}

/* log((step + 1) * 2^-24). */
static float log_of_step(uint step) {
    int exponent;
    const float m = frexp((float)(step + 1) * 0x1p-24f, &exponent);
    float x = m - 1.0f;
    if (m < 0.70710677f) {
        exponent -= 1;
        x = x + m;
    }
    const float z = x * x;
    float y = (((((((7.037683576e-02f * x - 1.151461005e-01f) * x + 1.167699844e-01f) * x -
        1.242014095e-01f) * x + 1.424932331e-01f) * x - 1.666805744e-01f) * x +
        2.000071406e-01f) * x - 2.499999404e-01f) * x + 3.333333135e-01f;
    y = y * x;
    y = y * z;
    y = y + (float)exponent * -2.12194440e-4f;
    y = y - z * 0.5f;
    return (x + y) + (float)exponent * 0.693359375f;
}

static float root(float a) {
    float r = as_float(0x5f3759dfu - (as_uint(a) >> 1));
    for (int turn = 0; turn < 3; ++turn) {
        const float excess = ((a * 0.5f) * r) * r;
        r = r * (1.5f - excess);
    }
    const float s = a * r;
    return s + (a - s * s) * (r * 0.5f);
}

/* The cosine, or the sine if `odd`, of n * 2^-24 turns. */
static float wave(uint n, bool odd) {
    const uint quarter = (n + 0x200000u) >> 22;
    const float x = (float)((int)n - (int)(quarter << 22)) * as_float(0x34c90fdbu);
    const float z = x * x;
    const float cosine = (2.443315680e-05f * z - 1.388731645e-03f) * z + 4.166664556e-02f;
    const float sine = (-1.951529557e-04f * z + 8.332161233e-03f) * z - 1.666665524e-01f;
    const float c = ((cosine * z) * z - z * 0.5f) + 1.0f;
    const float s = (sine * z) * x + x;
    const bool crossed = quarter & 1;
    const float value = odd ? (crossed ? c : s) : (crossed ? -s : c);
    return quarter & 2 ? -value : value;
}

static float standard_normal(ulong number, Draw draw) {
    const ulong first = number & ~(ulong)1;
    const float radius = root((0.0f - log_of_step(word(first, draw) >> 8)) * 2.0f);
    return radius * wave(word(first + 1, draw) >> 8, number & 1);
}

/* Rounding must not reach the open end of an interval. */
#if IS_FLOATING
static T from_open_end(T value, T low, T high) { return value >= high ? low : value; }
#endif
