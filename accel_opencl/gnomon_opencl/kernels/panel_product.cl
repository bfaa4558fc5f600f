/* Products of matrices on processors: rows of the left operand, read where they lie, times
   panels of the right one, which are packed before or read where they lie, too, if columns lie
   next to each other there. The last panel that is read where it lies ends with the columns and
   begins among those of the panel before it; only if there are fewer columns than a panel has,
   what lies behind them is read.

   An element of the left operand stands at the sum of a place for its row and one for its
   step: so rows may be the windows of an image. The steps are repeated, `repeats` times, a
   stride apart. A batch has an outer and an inner part.

   A panel holds COLUMNS columns, all steps after each other, padded with zeros. A work-item
   keeps a tile of ROWS rows of a panel's columns in registers, for one tile after another;
   steps are taken in blocks, so that a block of the panel stays in the cache for all tiles. */

#pragma OPENCL FP_CONTRACT ON

#define SUMS (ROWS * VECTORS)
/* Steps that are multiplied for all tiles of a work-item before the next ones. */
#define BLOCK 1024
/* How far ahead rows of the left operand are fetched, and how often: in kernels of 9 elements,
   which lie next to each other, that is once for each channel or more. */
#define AHEAD 32
#define OFTEN 8

#if IS_DIRECT
#define RIGHT(v, step) wide_load(panel + RIGHT_STEP(step) + (v) * LANES)
#define LINES plan->lines
#else
#define RIGHT(v, step) ((__global const VECTOR *)panel)[(step) * VECTORS + (v)]
#define LINES 1
#endif

#if LANES == 1
static inline VECTOR wide_load(__global const COMPUTE *p) { return *p; }
#else
#define WIDE_LOAD_(lanes) vload##lanes
#define WIDE_LOAD(lanes) WIDE_LOAD_(lanes)
static inline VECTOR wide_load(__global const COMPUTE *p) { return WIDE_LOAD(LANES)(0, p); }
#endif

/* What one work-item multiplies. */
typedef struct {
    long part, line, panel, outer, inner, first_row, first_column;
    int rows, tiles;
    /* The panel's columns that the share makes: the first ones may be the panel's before it. */
    int column, columns;
} Share;

static inline Share share_of(const Plan *plan, long item) {
    Share share;
    const long rows = plan->tiles * ROWS, shares = (plan->rows + rows - 1) / rows;
    const long panels = (plan->columns + COLUMNS - 1) / COLUMNS;
    share.first_row = item % shares * rows;
    item /= shares;
    share.panel = item % panels;
    item /= panels;
    share.line = item % LINES;
    item /= LINES;
    share.part = item % plan->parts;
    item /= plan->parts;
    share.inner = item % plan->inner;
    share.outer = item / plan->inner;
    share.rows = (int)min(rows, plan->rows - share.first_row);
    share.tiles = (share.rows + ROWS - 1) / ROWS;
    share.first_column = share.panel * COLUMNS;
    share.column = 0;
    const long beyond = share.first_column + COLUMNS - plan->columns;
    if (IS_DIRECT && beyond > 0 && share.panel > 0) {
        share.first_column -= beyond;
        share.column = (int)beyond;
    }
    share.columns = (int)min((long)COLUMNS, plan->columns - share.first_column);
    return share;
}

/* Add up the products of the share's part of the steps in `kept`, tile after tile. */
static inline void multiply_share(__global const COMPUTE *left, __global const COMPUTE *right,
                                  Tables tables, const Plan plan, const Share share,
                                  VECTOR *kept) {
    left += plan.left_offset + share.outer * plan.left_outer + share.inner * plan.left_inner;
#if IS_DIRECT
    right += plan.right_offset + share.outer * plan.right_outer
        + share.inner * plan.right_inner + RIGHT_LINE(share.line) + share.first_column;
#else
    right += share.outer * plan.panel_outer + share.inner * plan.panel_inner
        + (share.panel * plan.repeats * plan.right_steps + plan.first_step) * COLUMNS;
#endif
    for (int i = 0; i < share.tiles * SUMS; ++i) kept[i] = (VECTOR)(0);
    const long blocks = (plan.steps + BLOCK - 1) / BLOCK;
    const long first = share.part * plan.part_blocks;
    const long last = min(first + plan.part_blocks, blocks * plan.repeats);
    for (long block = first; block < last; ++block) {
        const long repeat = block / blocks, start = block % blocks * BLOCK;
        const long end = min(start + BLOCK, plan.steps);
        for (int tile = 0; tile < share.tiles; ++tile) {
            VECTOR sums[SUMS];
            __global const COMPUTE *rows[ROWS];
#pragma unroll
            for (int i = 0; i < SUMS; ++i) sums[i] = kept[tile * SUMS + i];
            const long row = share.first_row + tile * ROWS;
            long line = row / plan.width, at = row % plan.width;
#pragma unroll
            for (int i = 0; i < ROWS; ++i) {
                rows[i] = left + repeat * plan.left_repeat
                    + (plan.is_packed ? row * plan.steps + i
                                      : LEFT_LINE(line) + at * plan.left_row);
                if (row + i + 1 < plan.rows && ++at == plan.width) {
                    at = 0;
                    ++line;
                }
            }
#if IS_DIRECT
            __global const COMPUTE *panel = right + repeat * plan.right_repeat;
#else
            __global const COMPUTE *panel = right + repeat * plan.right_steps * COLUMNS;
#endif
            for (long step = start; step < end; ++step) {
                const long place = LEFT_STEP(step);
#if HAS_TABLES
                if (plan.is_gathered && step % OFTEN == 0) {
                    const long ahead = LEFT_STEP(min(step + AHEAD, end - 1));
#pragma unroll
                    for (int row = 0; row < ROWS; ++row) FETCH(rows[row] + ahead, 0);
                }
#endif
                VECTOR b[VECTORS];
#pragma unroll
                for (int v = 0; v < VECTORS; ++v) b[v] = RIGHT(v, step);
#pragma unroll
                for (int row = 0; row < ROWS; ++row) {
#pragma unroll
                    for (int v = 0; v < VECTORS; ++v)
                        sums[row * VECTORS + v] =
                            (VECTOR)(rows[row][place]) * b[v] + sums[row * VECTORS + v];
                }
            }
#pragma unroll
            for (int i = 0; i < SUMS; ++i) kept[tile * SUMS + i] = sums[i];
        }
    }
}

#if !IN_PARTS

/* Add to the sums what the share's part of the addend is. */
static inline void add_to(COMPUTE *sums, Source addend, const Plan plan, const Share share) {
    addend += plan.addend_offset + share.outer * plan.addend_outer
        + share.inner * plan.addend_inner + share.first_column * plan.addend_column
        + share.first_row * plan.addend_row;
    /* Compilers take several columns at once of which they know the number and the places. */
    const int is_line = plan.addend_column == 1 && share.columns - share.column == COLUMNS;
    for (int row = 0; row < share.rows; ++row) {
        COMPUTE *line = sums + row * COLUMNS;
        Source more = addend + row * plan.addend_row;
        if (is_line)
            for (int column = 0; column < COLUMNS; ++column) line[column] += LOAD(more, column);
        else
            for (int column = share.column; column < share.columns; ++column)
                line[column] += LOAD(more, column * plan.addend_column);
    }
}

/* The packed operand is a whole buffer, which OpenCL aligns for any vector. What is added up may
   go through an ending before it is stored: see endings.py. Lines of rows that lie far apart are
   fetched before they are needed, at the end. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void multiply_panels(__global const COMPUTE *left, __global const COMPUTE *right, Tables tables,
                     Source addend, __global STORAGE *product,
                     const Plan plan ENDING_PARAMETERS) {
    VECTOR kept[TILES * SUMS];
    const Share share = share_of(&plan, get_global_id(0));
#if HAS_ENDING
    for (int row = 0; row < share.rows; ++row)
        FETCH_FOR_END(share.outer, share.first_row + row, share.first_column);
#else
    product += plan.product_offset + share.outer * plan.product_outer
        + share.inner * plan.product_inner + share.first_column * plan.product_column;
#if IS_DIRECT
    product += COLUMN_LINE(share.line);
#endif
    long places[TILES * ROWS];
    long line = share.first_row / plan.width, at = share.first_row % plan.width;
    for (int row = 0; row < share.rows; ++row) {
        places[row] = PLACE_LINE(line) + at * plan.product_row;
        FETCH(product + places[row], 1);
        if (++at == plan.width) {
            at = 0;
            ++line;
        }
    }
#endif
    multiply_share(left, right, tables, plan, share, kept);
    if (plan.has_addend) add_to((COMPUTE *)kept, addend, plan, share);
    const COMPUTE *cells = (const COMPUTE *)kept;
#if HAS_ENDING
    for (int row = 0; row < share.rows; ++row)
        FINISH(cells + row * COLUMNS, share.outer, share.first_row + row, share.first_column,
               share.column, share.columns);
#else
    if (plan.product_column == 1) {
        for (int row = 0; row < share.rows; ++row)
            for (int column = share.column; column < share.columns; ++column)
                STORE(cells[row * COLUMNS + column], product, places[row] + column);
    } else if (plan.is_gathered) {
        long along[COLUMNS];
        int is_line = 1;
        for (int column = 0; column < share.columns; ++column) {
            along[column] = PLACE_COLUMN(share.first_column + column);
            is_line &= along[column] == along[0] + column;
        }
        for (int row = 0; row < share.rows; ++row) {
            const COMPUTE *line = cells + row * COLUMNS;
            if (is_line) {
                for (int column = 0; column < share.columns; ++column)
                    STORE(line[column], product, places[row] + along[0] + column);
            } else {
                for (int column = 0; column < share.columns; ++column)
                    STORE(line[column], product, places[row] + along[column]);
            }
        }
    } else {
        /* Stores of single elements far apart would wait for memory one after another: columns
           are stored as far as their rows lie next to each other. */
        COMPUTE turned[COLUMNS][TILES * ROWS];
        for (int row = 0; row < share.rows; ++row)
            for (int column = 0; column < COLUMNS; ++column)
                turned[column][row] = cells[row * COLUMNS + column];
        for (int row = 0, end; row < share.rows; row = end) {
            for (end = row + 1; end < share.rows && places[end] == places[row] + end - row;) ++end;
            for (int column = share.column; column < share.columns; ++column) {
                const COMPUTE *run = turned[column] + row;
                const long place = places[row] + column * plan.product_column;
                for (int i = 0; i < end - row; ++i) STORE(run[i], product, place + i);
            }
        }
    }
#endif
}

#else

/* Sums over a part of the steps, as (outer, inner, part, row, column). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void multiply_parts(__global const COMPUTE *left, __global const COMPUTE *right, Tables tables,
                    __global COMPUTE *partial, const Plan plan) {
    VECTOR kept[TILES * SUMS];
    const Share share = share_of(&plan, get_global_id(0));
    multiply_share(left, right, tables, plan, share, kept);
    const COMPUTE *cells = (const COMPUTE *)kept;
    const long matrix = (share.outer * plan.inner + share.inner) * plan.parts + share.part;
    partial += (matrix * plan.rows + share.first_row) * plan.columns + share.first_column;
    for (int row = 0; row < share.rows; ++row)
        for (int column = share.column; column < share.columns; ++column)
            partial[row * plan.columns + column] = cells[row * COLUMNS + column];
}

/* One item adds up one row of the product. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void add_parts(__global const COMPUTE *partial, Tables tables, Source addend,
               __global STORAGE *product, const Plan plan) {
    const long item = get_global_id(0), row = item % plan.rows, matrix = item / plan.rows;
    const long inner = matrix % plan.inner, outer = matrix / plan.inner;
    partial += (matrix * plan.parts * plan.rows + row) * plan.columns;
    product += plan.product_offset + outer * plan.product_outer + inner * plan.product_inner
        + PLACE_LINE(row / plan.width) + row % plan.width * plan.product_row;
    addend += plan.addend_offset + outer * plan.addend_outer + inner * plan.addend_inner
        + row * plan.addend_row;
    for (long column = 0; column < plan.columns; ++column) {
        COMPUTE sum = 0;
        for (long part = 0; part < plan.parts; ++part)
            sum += partial[part * plan.rows * plan.columns + column];
        if (plan.has_addend) sum += LOAD(addend, column * plan.addend_column);
        STORE(sum, product, PLACE_COLUMN(column));
    }
}

#endif
