/* Attention on processors: softmax(query @ key.T * scale + mask) @ value, and its derivative.

   Scores are never stored as a whole. A worker takes a strip of WIDTH queries, one to a lane, and
   goes along BLOCK keys at a time; maxima and sums then run down the lanes, and products, ROWS of
   them in registers, read keys and values where they lie, one element for all lanes. Peak and sum
   of what came before are corrected when a larger score appears (M. Milakov and N. Gimelshein,
   "Online normalizer calculation for softmax", 2018). The derivative takes a strip of keys and
   goes along the queries, with the logarithms of the sums that the forward pass left (T. Dao et
   al., "FlashAttention", 2022). A head belongs to one worker, so that sums have one order. */

#pragma OPENCL FP_CONTRACT ON

#define WIDTH (LANES * VECTORS)
typedef __global const STORAGE *Source;
typedef __global COMPUTE *Scratch;
#define AT(p) (*(__global VECTOR *)(p))

/* Add to ROWS rows of WIDTH columns at `c` the product of rows at `a`, of which there are `rows`,
   and `depth` rows at `b`. Scratch is laid out in whole vectors. */
#define PRODUCT(NAME, POINTER, READ) \
static inline __attribute__((always_inline)) \
void NAME(POINTER a, long at, long row, long step, int rows, Scratch b, int b_step, \
                        int depth, Scratch c, int c_row, bool keeps) { \
    POINTER lines[ROWS]; \
    VECTOR sums[ROWS * VECTORS]; \
    _Pragma("unroll") \
    for (int r = 0; r < ROWS; ++r) { \
        lines[r] = a + at + min(r, rows - 1) * row; \
        _Pragma("unroll") \
        for (int v = 0; v < VECTORS; ++v) \
            sums[r * VECTORS + v] = keeps ? AT(c + r * c_row + v * LANES) : (VECTOR)(0); \
    } \
    for (int k = 0; k < depth; ++k) { \
        VECTOR right[VECTORS]; \
        _Pragma("unroll") \
        for (int v = 0; v < VECTORS; ++v) right[v] = AT(b + k * b_step + v * LANES); \
        _Pragma("unroll") \
        for (int r = 0; r < ROWS; ++r) { \
            const VECTOR left = (VECTOR)(READ(lines[r], k * step)); \
            _Pragma("unroll") \
            for (int v = 0; v < VECTORS; ++v) \
                sums[r * VECTORS + v] = left * right[v] + sums[r * VECTORS + v]; \
        } \
    } \
    _Pragma("unroll") \
    for (int r = 0; r < ROWS; ++r) { \
        _Pragma("unroll") \
        for (int v = 0; v < VECTORS; ++v) \
            AT(c + r * c_row + v * LANES) = sums[r * VECTORS + v]; \
    } \
}
#define READ_SCRATCH(p, i) ((p)[i])
PRODUCT(add_product, Source, LOAD)
PRODUCT(add_product_of_scratch, Scratch, READ_SCRATCH)

/* Write `count` rows of `size` elements, times `factor`, as columns: row number l is lane l. */
static inline void turn(Source from, long at, long row, long step, int count, int size,
                        COMPUTE factor, Scratch to) {
    for (int lane = 0; lane < WIDTH; ++lane)
        for (int i = 0; i < size; ++i)
            to[i * WIDTH + lane] =
                lane < count ? LOAD(from, at + lane * row + i * step) * factor : (COMPUTE)0;
}

static inline void turn_back(Scratch from, __global STORAGE *to, long at, long row, long step,
                             int count, int size, COMPUTE factor) {
    for (int lane = 0; lane < count; ++lane)
        for (int i = 0; i < size; ++i)
            STORE(from[i * WIDTH + lane] * factor, to, at + lane * row + i * step);
}

static inline void clear(Scratch at, long count) {
    for (long i = 0; i < count; i += LANES) AT(at + i) = (VECTOR)(0);
}

/* The scores of one row in vector v, with -infinity where the mask hides them. The lanes stand
   `lane_step` apart in the mask, and lane l is `ahead` + l places ahead in causal order. */
static inline VECTOR masked(VECTOR scores, __global const MASK *mask, long at, long lane_step,
                            int count, int v, bool hides, long ahead, bool lanes_are_keys) {
    COMPUTE cells[LANES];
#if MASKED
    for (int lane = 0; lane < LANES; ++lane)
        cells[lane] = LOAD_MASK(mask, at + min(v * LANES + lane, count - 1) * lane_step);
#if MASKED == 1
    scores = (vload_lanes(cells) != (VECTOR)(0)) ? scores : (VECTOR)(-INFINITY);
#else
    scores += vload_lanes(cells);
#endif
#endif
    if (hides) {
        for (int lane = 0; lane < LANES; ++lane) {
            const long place = ahead + v * LANES + lane;
            cells[lane] = (lanes_are_keys ? place > 0 : place < 0) ? 1 : 0;
        }
        scores = (vload_lanes(cells) != (VECTOR)(0)) ? (VECTOR)(-INFINITY) : scores;
    }
    return scores;
}

#define PLACE(name, outer, inner) \
    (plan.offset##name + (outer) * plan.stride##name##_0 + (inner) * plan.stride##name##_1)
