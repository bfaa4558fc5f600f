/* Philox 4x32-10 and the numbers made of it, as gnomon.generator.philox and philox_normal define
   them: every step is one float32 operation, rounded, and none is fused. */

typedef struct { uint seed_low, seed_high, offset_low, offset_high; } Draw;

typedef struct { uint word0, word1, word2, word3; } Block;

/* The words from 4 * `block` on: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3". */
static Block block_of(ulong block, Draw draw) {
    uint c0 = (uint)block, c1 = (uint)(block >> 32);
    uint c2 = draw.offset_low, c3 = draw.offset_high;
    uint k0 = draw.seed_low, k1 = draw.seed_high;
    for (int turn = 0; turn < 10; ++turn) {
        const ulong product0 = c0 * 0xd2511f53ul, product2 = c2 * 0xcd9e8d57ul;
        c0 = (uint)(product2 >> 32) ^ c1 ^ k0;
        c1 = (uint)product2;
        c2 = (uint)(product0 >> 32) ^ c3 ^ k1;
        c3 = (uint)product0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    const Block words = {c0, c1, c2, c3};
    return words;
}

#ifdef AHEAD
/* A processor draws many words at once, in a loop that its compiler turns into vectors. */
typedef const uint *Words;

static void draw_ahead(ulong block, Draw draw, uint *words) {
    for (int k = 0; k < AHEAD / 4; ++k) {
        const Block found = block_of(block + k, draw);
        words[4 * k] = found.word0;
        words[4 * k + 1] = found.word1;
        words[4 * k + 2] = found.word2;
        words[4 * k + 3] = found.word3;
    }
}

static uint word(ulong number, Words words) { return words[number]; }
#else
typedef Draw Words;

static uint word(ulong number, Words draw) {
    const Block found = block_of(number / 4, draw);
    switch (number % 4) {
        case 0: return found.word0;
        case 1: return found.word1;
        case 2: return found.word2;
        default: return found.word3;
    }
}
#endif

static ulong word64(ulong number, Words words) {
    return (ulong)word(2 * number, words) << 32 | word(2 * number + 1, words);
}

static float unit(ulong number, Words words) {
    return (float)(word(number, words) >> 8) * 0x1p-24f;
}

/* log((step + 1) * 2^-24), which is m * 2^exponent with m from 1/2 to 1: taken from the bits,
   since a call of frexp would keep the loop from becoming vectors. */
static float log_of_step(uint step) {
    const uint bits = as_uint((float)(step + 1) * 0x1p-24f);
    int exponent = (int)(bits >> 23) - 126;
    const float m = as_float((bits & 0x7fffffu) | 0x3f000000u);
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

static float radius_of(uint word) { return root((0.0f - log_of_step(word >> 8)) * 2.0f); }

#ifdef AHEAD
/* Each pair of words becomes the bits of the two normal numbers that are made of it. One loop
   in place of the two takes a fifth longer. */
static void make_normal(uint *words) {
    float radius[AHEAD / 2];
    for (int k = 0; k < AHEAD / 2; ++k) radius[k] = radius_of(words[2 * k]);
    for (int k = 0; k < AHEAD / 2; ++k) {
        const uint turn = words[2 * k + 1] >> 8;
        words[2 * k] = as_uint(radius[k] * wave(turn, false));
        words[2 * k + 1] = as_uint(radius[k] * wave(turn, true));
    }
}

static float standard_normal(ulong number, Words words) { return as_float(words[number]); }
#else
static float standard_normal(ulong number, Words words) {
    const ulong first = number & ~(ulong)1;
    return radius_of(word(first, words)) * wave(word(first + 1, words) >> 8, number & 1);
}
#endif

/* Rounding must not reach the open end of an interval. */
#if IS_FLOATING
static T from_open_end(T value, T low, T high) { return value >= high ? low : value; }
#endif
