/* Batches of matrices, which an item goes through one after the other, in scratch of its own,
   where they lie row by row. */

typedef struct {
    long offset, row, column;
    Walk batch;
} Matrices;

/* `count` matrices of `height` by `width`, `together` of them for each item, which has
   `doubles` and `ints` of scratch. `copies` right sides of `columns` columns belong to each. */
typedef struct {
    long count, together, doubles, ints, height, width, columns, copies;
} Plan;

typedef __global double *Rows;
typedef __global const double *GivenRows;

static long first_place(const Matrices *matrices, long number) {
    return matrices->offset + walked(&matrices->batch, number);
}

/* Reads `height` by `width` elements, `row` and `column` apart. */
static void load(__global const STORAGE *from, long row, long column, long height, long width,
                 Rows to) {
    for (long i = 0; i < height; ++i)
        for (long k = 0; k < width; ++k) to[i * width + k] = from[i * row + k * column];
}

static void store(GivenRows from, long height, long width, __global STORAGE *to, long row,
                  long column) {
    for (long i = 0; i < height; ++i)
        for (long k = 0; k < width; ++k)
            to[i * row + k * column] = (STORAGE)from[i * width + k];
}

static void subtract(__global double *restrict row, double factor,
                     __global const double *restrict other, long count) {
    for (long k = 0; k < count; ++k) row[k] -= factor * other[k];
}

static void add_product(__global double *restrict sums, double factor,
                        __global const double *restrict row, long count) {
    for (long k = 0; k < count; ++k) sums[k] += row[k] * factor;
}

/* What every item begins with: its matrices and its scratch. */
#define BEGIN \
    const long item = get_global_id(0), first = item * plan.together; \
    const long last = min(first + plan.together, plan.count); \
    if (first >= last) return; \
    const long size = plan.height; \
    Rows rows = scratch + item * plan.doubles;
