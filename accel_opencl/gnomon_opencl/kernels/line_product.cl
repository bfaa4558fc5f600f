/* Products of matrices on processors where lines of both operands, rows of the left one and
   columns of the right one, lie along the steps: so many neighbouring steps at a time as a
   vector has lanes, whose sums are added up at the end, and nothing is packed.

   A work-item keeps the sums of ROWS rows and COLUMNS columns in registers, for one such tile
   after another. Lines that a tile has too many repeat the last one. What is added up may go
   through an ending before it is stored: see endings.py. */

#pragma OPENCL FP_CONTRACT ON

#define JOINED_(name, number) name##number
#define JOINED(name, number) JOINED_(name, number)
#define LOADED_(lanes) vload##lanes
#define LOADED_AS(lanes) LOADED_(lanes)
#define LOADED(p) LOADED_AS(LANES)(0, p)

static inline COMPUTE total2(JOINED(COMPUTE, 2) x) { return x.lo + x.hi; }
static inline COMPUTE total4(JOINED(COMPUTE, 4) x) { return total2(x.lo + x.hi); }
#if LANES >= 8
static inline COMPUTE total8(JOINED(COMPUTE, 8) x) { return total4(x.lo + x.hi); }
#endif
#if LANES >= 16
static inline COMPUTE total16(JOINED(COMPUTE, 16) x) { return total8(x.lo + x.hi); }
#endif

/* The `count` elements at `p`, and zeros. */
static inline VECTOR loaded_rest(__global const COMPUTE *p, int count) {
    COMPUTE cells[LANES];
    for (int lane = 0; lane < LANES; ++lane) cells[lane] = lane < count ? p[lane] : (COMPUTE)0;
    return LOADED(cells);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void multiply_lines(__global const COMPUTE *left, __global const COMPUTE *right, Source addend,
                    __global STORAGE *product, const Plan plan ENDING_PARAMETERS) {
    const long together = plan.tiles * ROWS, shares = (plan.rows + together - 1) / together;
    const long panels = (plan.columns + COLUMNS - 1) / COLUMNS;
    const long item = get_global_id(0), outer = item / shares / panels;
    const long first_row = item % shares * together;
    const long last_row = min(first_row + together, plan.rows);
    const long first_column = item / shares % panels * COLUMNS;
    const int width = (int)min((long)COLUMNS, plan.columns - first_column);
    const int rest = (int)(plan.steps % LANES);
    left += plan.left_offset + outer * plan.left_outer;
    right += plan.right_offset + outer * plan.right_outer;
    addend += plan.addend_offset + outer * plan.addend_outer;
    product += plan.product_offset + outer * plan.product_outer;
    __global const COMPUTE *columns[COLUMNS];
#pragma unroll
    for (int j = 0; j < COLUMNS; ++j)
        columns[j] = right + min(first_column + j, plan.columns - 1) * plan.right_column;
    for (long first = first_row; first < last_row; first += ROWS) {
        VECTOR sums[ROWS * COLUMNS];
        __global const COMPUTE *rows[ROWS];
#pragma unroll
        for (int i = 0; i < ROWS; ++i)
            rows[i] = left + min(first + i, plan.rows - 1) * plan.left_row;
#if HAS_ENDING
        for (int i = 0; i < ROWS; ++i)
            FETCH_FOR_END(outer, min(first + i, plan.rows - 1), first_column);
#endif
#pragma unroll
        for (int i = 0; i < ROWS * COLUMNS; ++i) sums[i] = (VECTOR)(0);
        for (long step = 0; step < plan.steps - rest; step += LANES) {
            VECTOR a[ROWS];
#pragma unroll
            for (int i = 0; i < ROWS; ++i) a[i] = LOADED(rows[i] + step);
#pragma unroll
            for (int j = 0; j < COLUMNS; ++j) {
                const VECTOR b = LOADED(columns[j] + step);
#pragma unroll
                for (int i = 0; i < ROWS; ++i)
                    sums[i * COLUMNS + j] = a[i] * b + sums[i * COLUMNS + j];
            }
        }
        if (rest) {
            const long step = plan.steps - rest;
            VECTOR a[ROWS];
#pragma unroll
            for (int i = 0; i < ROWS; ++i) a[i] = loaded_rest(rows[i] + step, rest);
#pragma unroll
            for (int j = 0; j < COLUMNS; ++j) {
                const VECTOR b = loaded_rest(columns[j] + step, rest);
#pragma unroll
                for (int i = 0; i < ROWS; ++i)
                    sums[i * COLUMNS + j] = a[i] * b + sums[i * COLUMNS + j];
            }
        }
        COMPUTE totals[ROWS * COLUMNS];
#pragma unroll
        for (int i = 0; i < ROWS * COLUMNS; ++i) totals[i] = JOINED(total, LANES)(sums[i]);
        for (int i = 0; i < ROWS && first + i < plan.rows; ++i) {
            const long row = first + i;
            COMPUTE *cells = totals + i * COLUMNS;
            if (plan.has_addend)
                for (int j = 0; j < width; ++j)
                    cells[j] += LOAD(addend, row * plan.addend_row
                                                 + (first_column + j) * plan.addend_column);
#if HAS_ENDING
            FINISH(cells, outer, row, first_column, 0, width);
#else
            for (int j = 0; j < width; ++j)
                STORE(cells[j], product, row * plan.product_row
                                             + (first_column + j) * plan.product_column);
#endif
        }
    }
}
