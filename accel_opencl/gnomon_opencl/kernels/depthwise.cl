/* Convolutions of each channel by itself. A work-item makes rows of the results of one channel,
   ROWS at a time. Where the columns of the images lie side by side and the windows are one or
   two of them apart, the STEP, it makes vectors of columns: each weight is read once for all of
   them. The last vector of a row ends with it; if it is longer, more is read than is needed. */

#pragma OPENCL FP_CONTRACT ON

typedef struct {
    long items, channels, times;    /* `times` results of each channel of the images */
    long rows, columns, part_rows, parts;
    long high, wide;                /* of a kernel */
    long image_offset, image_outer, image_channel, image_row, image_column;
    long tap_row, tap_column;       /* between what two weights of a kernel meet */
    long weight_offset, weight_channel, weight_row, weight_column;
    long has_bias, bias_offset, bias_channel;
    long result_offset, result_outer, result_channel, result_row, result_column;
} Plan;

#define WIDE_LOAD_(lanes) vload##lanes
#define WIDE_LOAD(lanes) WIDE_LOAD_(lanes)
#define WIDE_STORE_(lanes) vstore##lanes
#define WIDE_STORE(lanes) WIDE_STORE_(lanes)

#if STEP
#if STEP == 1
#define COLUMNS(p) WIDE_LOAD(LANES)(0, p)
#else
#define COLUMNS(p) \
    (VECTOR)(WIDE_LOAD(LANES)(0, p).even, WIDE_LOAD(LANES)(0, (p) + LANES).even)
#endif

static inline void add_up(__global const COMPUTE *lines,
                          __global const STORAGE *weight, const COMPUTE more,
                          const int count, const int lanes, const Plan *plan, COMPUTE *cells) {
    /* Rows behind the last one are the last one again. */
    __global const COMPUTE *line[ROWS];
    VECTOR sums[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
        line[r] = lines + min(r, count - 1) * plan->image_row;
        sums[r] = (VECTOR)(more);
    }
    for (long y = 0; y < plan->high; ++y)
        for (long x = 0; x < plan->wide; ++x) {
            const VECTOR factor =
                (VECTOR)(LOAD(weight, y * plan->weight_row + x * plan->weight_column));
            const long tap = y * plan->tap_row + x * plan->tap_column;
#pragma unroll
            for (int r = 0; r < ROWS; ++r)
                sums[r] = factor * COLUMNS(line[r] + tap) + sums[r];
        }
#pragma unroll
    for (int r = 0; r < ROWS; ++r) WIDE_STORE(LANES)(sums[r], r, cells);
}

#else

static inline void add_up(__global const COMPUTE *lines,
                          __global const STORAGE *weight, const COMPUTE more,
                          const int count, const int lanes, const Plan *plan, COMPUTE *cells) {
    for (int r = 0; r < count; ++r, lines += plan->image_row)
        for (int i = 0; i < lanes; ++i) {
            __global const COMPUTE *at = lines + i * plan->image_column;
            COMPUTE sum = more;
            for (long y = 0; y < plan->high; ++y)
                for (long x = 0; x < plan->wide; ++x)
                    sum = LOAD(weight, y * plan->weight_row + x * plan->weight_column)
                        * at[y * plan->tap_row + x * plan->tap_column] + sum;
            cells[r * LANES + i] = sum;
        }
}

#endif

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void convolve_channels(__global const COMPUTE *images, __global const STORAGE *weight,
                       __global const STORAGE *bias, __global STORAGE *results,
                       const Plan plan) {
    const long item = get_global_id(0);
    if (item >= plan.items) return;
    const long plane = item / plan.parts, channel = plane % plan.channels;
    const long image = plane / plan.channels;
    images += plan.image_offset + image * plan.image_outer
        + channel / plan.times * plan.image_channel;
    weight += plan.weight_offset + channel * plan.weight_channel;
    results += plan.result_offset + image * plan.result_outer + channel * plan.result_channel;
    const COMPUTE more =
        plan.has_bias ? LOAD(bias, plan.bias_offset + channel * plan.bias_channel) : 0;
    const long first = item % plan.parts * plan.part_rows;
    const long last = min(first + plan.part_rows, plan.rows);
    for (long row = first; row < last; row += ROWS) {
        const int count = (int)min((long)ROWS, last - row);
        __global const COMPUTE *lines = images + row * plan.image_row;
        for (long begin = 0; begin < plan.columns; begin += LANES) {
            const long column = max(min(begin, plan.columns - LANES), 0L);
            const int lanes = (int)min((long)LANES, plan.columns - column);
            COMPUTE cells[ROWS * LANES];
            add_up(lines + column * plan.image_column, weight, more, count, lanes, &plan, cells);
            for (int r = 0; r < count; ++r) {
                const long place = (row + r) * plan.result_row + column * plan.result_column;
                if (plan.result_column == 1 && lanes == LANES) {
                    for (int i = 0; i < LANES; ++i)
                        STORE(cells[r * LANES + i], results, place + i);
                } else {
                    for (int i = 0; i < lanes; ++i)
                        STORE(cells[r * LANES + i], results, place + i * plan.result_column);
                }
            }
        }
    }
}
