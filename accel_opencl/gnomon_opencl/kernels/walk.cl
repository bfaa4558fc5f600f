/* Sizes and strides of DIMS dims, the last of which is walked fastest. */
typedef struct {
    long size[DIMS];
    long stride[DIMS];
} Walk;

/* Where the element number `line` stands. */
static inline long walked(const Walk *walk, long line) {
    long at = 0;
#pragma unroll
    for (int dim = DIMS - 1; dim > 0; --dim) {
        const long size = walk->size[dim];
        if (size == 1) continue;
        at += line % size * walk->stride[dim];
        line /= size;
    }
    return at + line * walk->stride[0];
}
