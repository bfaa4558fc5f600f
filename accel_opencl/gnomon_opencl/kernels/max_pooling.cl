/* The largest element of each window and its flat position in its image: the first of several,
   but the last of several NaNs. One item makes `together` lines. */

__kernel void largest(__global const STORAGE *images, Tables tables, __global STORAGE *values,
                      __global long *indices, const Plan plan) {
    const long first = get_global_id(0) * plan.together;
    const long last = min(first + plan.together, plan.lines);
    for (long number = first; number < last; ++number) {
        const Line line = line_of(&plan, number);
        const Range over_z = range_of(tables, plan.table0, plan.count0, line.z);
        const Range over_y = range_of(tables, plan.table1, plan.count1, line.y);
        __global const STORAGE *image =
            images + plan.offset + line.a * plan.stride_a + line.b * plan.stride_b;
        const long to = plan.to + line.a * plan.to_a + line.b * plan.to_b + line.z * plan.to_0
            + line.y * plan.to_1;
        const long place = plan.place + line.a * plan.place_a + line.b * plan.place_b
            + line.z * plan.place_0 + line.y * plan.place_1;
        for (long x = 0; x < plan.count2; ++x) {
            const Range over_x = range_of(tables, plan.table2, plan.count2, x);
            COMPUTE best = 0;
            long found = -1;
            for (long i = over_z.first; i < over_z.last; ++i) {
                for (long j = over_y.first; j < over_y.last; ++j) {
                    const long row = tables[i] * plan.size1 + tables[j];
                    __global const STORAGE *cells =
                        image + tables[i] * plan.stride_0 + tables[j] * plan.stride_1;
                    for (long k = over_x.first; k < over_x.last; ++k) {
                        const COMPUTE value = LOAD(cells, tables[k] * plan.stride_2);
                        if (found < 0 || value > best || value != value) {
                            best = value;
                            found = row * plan.size2 + tables[k];
                        }
                    }
                }
            }
            STORE(best, values, to + x * plan.to_2);
            indices[place + x * plan.place_2] = found;
        }
    }
}

/* The same where channels lie next to each other, which makes them the lanes of vectors. */
#define TAKE(lane) do { \
        const COMPUTE value = LOAD(cells, lane); \
        const int is_better = (found[lane] < 0) | (value > best[lane]) | (value != value); \
        best[lane] = is_better ? value : best[lane]; \
        found[lane] = is_better ? place : found[lane]; \
    } while (0)

static inline void largest_of(__global const STORAGE *image, Tables tables, const Plan *plan,
                              Range over_z, Range over_y, Range over_x, int width,
                              COMPUTE *best, int *found) {
    for (int lane = 0; lane < WIDTH; ++lane) {
        best[lane] = 0;
        found[lane] = -1;
    }
    for (long i = over_z.first; i < over_z.last; ++i)
        for (long j = over_y.first; j < over_y.last; ++j) {
            const int row = (int)((tables[i] * plan->size1 + tables[j]) * plan->size2);
            __global const STORAGE *cell_row =
                image + tables[i] * plan->stride_0 + tables[j] * plan->stride_1;
            for (long k = over_x.first; k < over_x.last; ++k) {
                __global const STORAGE *cells = cell_row + tables[k] * plan->stride_2;
                const int place = row + (int)tables[k];
                if (width == WIDTH)
                    for (int lane = 0; lane < WIDTH; ++lane) TAKE(lane);
                else
                    for (int lane = 0; lane < width; ++lane) TAKE(lane);
            }
        }
}

__kernel void largest_of_channels(__global const STORAGE *images, Tables tables,
                                  __global STORAGE *values, __global long *indices,
                                  const Plan plan) {
    const long first = get_global_id(0) * plan.together;
    const long last = min(first + plan.together, plan.lines);
    for (long number = first; number < last; ++number) {
        const Line line = line_of(&plan, number);
        const Range over_z = range_of(tables, plan.table0, plan.count0, line.z);
        const Range over_y = range_of(tables, plan.table1, plan.count1, line.y);
        const long to = plan.to + line.a * plan.to_a + line.z * plan.to_0 + line.y * plan.to_1;
        const long place = plan.place + line.a * plan.place_a + line.z * plan.place_0
            + line.y * plan.place_1;
        for (long x = 0; x < plan.count2; ++x) {
            const Range over_x = range_of(tables, plan.table2, plan.count2, x);
            for (long start = 0; start < plan.channels; start += WIDTH) {
                const int width = (int)min((long)WIDTH, plan.channels - start);
                COMPUTE best[WIDTH];
                int found[WIDTH];
                largest_of(images + plan.offset + line.a * plan.stride_a + start, tables, &plan,
                           over_z, over_y, over_x, width, best, found);
                for (int lane = 0; lane < width; ++lane) {
                    STORE(best[lane], values, to + x * plan.to_2 + start + lane);
                    indices[place + x * plan.place_2 + start + lane] = found[lane];
                }
            }
        }
    }
}

/* Each value added at its flat position in its image. One item makes an image, so that values
   are added in their order. */
__kernel void put_back(__global const STORAGE *values, __global const long *indices,
                       __global COMPUTE *images, const Plan plan) {
    const long number = get_global_id(0);
    if (number >= plan.lead0 * plan.lead1) return;
    const long b = number % plan.lead1, a = number / plan.lead1;
    __global COMPUTE *image = images + number * plan.size0 * plan.size1 * plan.size2;
    for (long i = 0; i < plan.size0 * plan.size1 * plan.size2; ++i) image[i] = 0;
    for (long z = 0; z < plan.count0; ++z)
        for (long y = 0; y < plan.count1; ++y) {
            const long to = plan.to + a * plan.to_a + b * plan.to_b + z * plan.to_0
                + y * plan.to_1;
            const long place = plan.place + a * plan.place_a + b * plan.place_b
                + z * plan.place_0 + y * plan.place_1;
            for (long x = 0; x < plan.count2; ++x)
                image[indices[place + x * plan.place_2]] += LOAD(values, to + x * plan.to_2);
        }
}
