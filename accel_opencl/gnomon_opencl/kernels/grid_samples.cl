/* Images read at the points of a grid, in the order of operations of
   gnomon.composite.grid_samples, so that the nearest elements are the same. */

typedef struct {
    long points, together;              /* of all samples; those of a work-item */
    long channels, height, width;
    long rows, columns;                 /* of the grid */
    long offset, by_sample, by_channel, by_row, by_column;
    long grid, grid_by_sample, grid_by_row, grid_by_column, grid_by_number;
    long nearest, padding, aligned;
} Plan;

#define ZEROS 0
#define REFLECTION 2

/* NaN counts as the first place. */
static inline COMPUTE clamped(COMPUTE place, long size) {
    const COMPUTE last = size - 1;
    return place > last ? last : place >= 0 ? place : 0;
}

/* Where a point is along a dim, elements counted from 0. */
static inline COMPUTE place_of(const Plan *plan, COMPUTE point, long size) {
    COMPUTE place = plan->aligned ? (point + 1) / 2 * (size - 1)
                                  : ((point + 1) * size - 1) / 2;
    if (plan->padding == ZEROS) return place;
    if (plan->padding == REFLECTION) {
        const COMPUTE low = plan->aligned ? (COMPUTE)0 : (COMPUTE)-0.5;
        const COMPUTE span = plan->aligned ? size - 1 : size;
        const COMPUTE distance = fabs(place - low), turns = floor(distance / span);
        const COMPUTE odd = turns - 2 * floor(turns / 2);
        place = span == 0 ? place * 0
                          : (distance - turns * span) * (1 - 2 * odd) + (odd * span + low);
    }
    return clamped(place, size);
}

/* The whole places that are read along a dim, and their weights. */
typedef struct {
    long at[2];
    COMPUTE weight[2];
    bool inside[2];
} Taps;

static inline Taps taps_of(const Plan *plan, COMPUTE place, long size) {
    const COMPUTE first = plan->nearest ? rint(place) : floor(place);
    const COMPUTE part = place - first;
    Taps taps;
    taps.weight[0] = plan->nearest ? 1 : 1 - part;
    taps.weight[1] = part;
    for (int k = 0; k < 2; ++k) {
        const COMPUTE near = clamped(first + k, size);
        taps.at[k] = (long)near;
        taps.inside[k] = plan->padding != ZEROS || first + k == near;
    }
    return taps;
}

__kernel void sample_grid(__global const COMPUTE *images, __global const COMPUTE *grid,
                          __global COMPUTE *results, const Plan plan) {
    const long begin = get_global_id(0) * plan.together;
    const long end = min(begin + plan.together, plan.points);
    const long of_sample = plan.rows * plan.columns;
    for (long number = begin; number < end; ++number) {
        const long sample = number / of_sample, point = number % of_sample;
        __global const COMPUTE *here = grid + plan.grid + sample * plan.grid_by_sample
            + point / plan.columns * plan.grid_by_row
            + point % plan.columns * plan.grid_by_column;
        const COMPUTE x = place_of(&plan, here[0], plan.width);
        const COMPUTE y = place_of(&plan, here[plan.grid_by_number], plan.height);
        const Taps across = taps_of(&plan, x, plan.width), down = taps_of(&plan, y, plan.height);
        __global const COMPUTE *image = images + plan.offset + sample * plan.by_sample;
        __global COMPUTE *result = results + sample * plan.channels * of_sample + point;
        for (long channel = 0; channel < plan.channels; ++channel) {
            COMPUTE total = 0;
            for (int j = 0; j < (plan.nearest ? 1 : 2); ++j)
                for (int i = 0; i < (plan.nearest ? 1 : 2); ++i) {
                    const bool is_inside = down.inside[j] && across.inside[i];
                    const COMPUTE cell = is_inside
                        ? image[down.at[j] * plan.by_row + across.at[i] * plan.by_column] : 0;
                    total += plan.nearest ? cell : cell * down.weight[j] * across.weight[i];
                }
            *result = total;
            image += plan.by_channel;
            result += of_sample;
        }
    }
}
