/* Weighted sums of what each window reads, over a divisor for each place of an image if there
   are any. The weights along the dims multiply; `weights` has one for each entry of the tables.
   One item makes `together` lines, of images whose lines are kept if they are LONGEST at most. */

__kernel void resample(__global const STORAGE *images, Tables tables,
                       __global const COMPUTE *weights, __global STORAGE *results,
                       const Plan plan) {
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
        const long divisor = plan.divisors + (line.z * plan.count1 + line.y) * plan.count2;
        /* What lines of the image give, weighted, is read by several windows. */
        COMPUTE kept[LONGEST];
        const int is_short = plan.size2 <= LONGEST;
        if (is_short) {
            for (long k = 0; k < plan.size2; ++k) kept[k] = 0;
            for (long i = over_z.first; i < over_z.last; ++i)
                for (long j = over_y.first; j < over_y.last; ++j) {
                    const COMPUTE weight = weights[i] * weights[j];
                    __global const STORAGE *cells =
                        image + tables[i] * plan.stride_0 + tables[j] * plan.stride_1;
                    if (plan.stride_2 == 1)
                        for (long k = 0; k < plan.size2; ++k)
                            kept[k] += weight * LOAD(cells, k);
                    else
                        for (long k = 0; k < plan.size2; ++k)
                            kept[k] += weight * LOAD(cells, k * plan.stride_2);
                }
        }
        for (long x = 0; x < plan.count2; ++x) {
            const Range over_x = range_of(tables, plan.table2, plan.count2, x);
            COMPUTE sum = 0;
            if (is_short)
                for (long k = over_x.first; k < over_x.last; ++k)
                    sum += weights[k] * kept[tables[k]];
            else
                for (long i = over_z.first; i < over_z.last; ++i)
                    for (long j = over_y.first; j < over_y.last; ++j) {
                        __global const STORAGE *cells =
                            image + tables[i] * plan.stride_0 + tables[j] * plan.stride_1;
                        COMPUTE part = 0;
                        for (long k = over_x.first; k < over_x.last; ++k)
                            part += weights[k] * LOAD(cells, tables[k] * plan.stride_2);
                        sum += weights[i] * weights[j] * part;
                    }
            if (plan.has_divisors) sum /= weights[divisor + x];
            STORE(sum, results, to + x * plan.to_2);
        }
    }
}

/* Copies, where each result reads one place with the weight 1. */
__kernel void pick(__global const STORAGE *images, Tables tables,
                   __global const COMPUTE *weights, __global STORAGE *results,
                   const Plan plan) {
    const long first = get_global_id(0) * plan.together;
    const long last = min(first + plan.together, plan.lines);
    Tables columns = tables + range_of(tables, plan.table2, plan.count2, 0).first;
    for (long number = first; number < last; ++number) {
        const Line line = line_of(&plan, number);
        const long z = tables[range_of(tables, plan.table0, plan.count0, line.z).first];
        const long y = tables[range_of(tables, plan.table1, plan.count1, line.y).first];
        __global const STORAGE *cells = images + plan.offset + line.a * plan.stride_a
            + line.b * plan.stride_b + z * plan.stride_0 + y * plan.stride_1;
        __global STORAGE *row = results + plan.to + line.a * plan.to_a + line.b * plan.to_b
            + line.z * plan.to_0 + line.y * plan.to_1;
        if (plan.to_2 == 1 && plan.stride_2 == 1) {
            for (long x = 0; x < plan.count2; ++x) STORE(LOAD(cells, columns[x]), row, x);
        } else {
            for (long x = 0; x < plan.count2; ++x)
                STORE(LOAD(cells, columns[x] * plan.stride_2), row, x * plan.to_2);
        }
    }
}

/* Weighted sums where channels lie next to each other, which makes them the lanes of vectors. */
__kernel void resample_channels(__global const STORAGE *images, Tables tables,
                                __global const COMPUTE *weights, __global STORAGE *results,
                                const Plan plan) {
    const long first = get_global_id(0) * plan.together;
    const long last = min(first + plan.together, plan.lines);
    for (long number = first; number < last; ++number) {
        const Line line = line_of(&plan, number);
        const Range over_z = range_of(tables, plan.table0, plan.count0, line.z);
        const Range over_y = range_of(tables, plan.table1, plan.count1, line.y);
        const long to = plan.to + line.a * plan.to_a + line.z * plan.to_0 + line.y * plan.to_1;
        const long divisor = plan.divisors + (line.z * plan.count1 + line.y) * plan.count2;
        for (long x = 0; x < plan.count2; ++x) {
            const Range over_x = range_of(tables, plan.table2, plan.count2, x);
            const COMPUTE by = plan.has_divisors ? weights[divisor + x] : (COMPUTE)1;
            for (long start = 0; start < plan.channels; start += WIDTH) {
                const int width = (int)min((long)WIDTH, plan.channels - start);
                __global const STORAGE *image =
                    images + plan.offset + line.a * plan.stride_a + start;
                COMPUTE sums[WIDTH];
                for (int lane = 0; lane < WIDTH; ++lane) sums[lane] = 0;
                for (long i = over_z.first; i < over_z.last; ++i)
                    for (long j = over_y.first; j < over_y.last; ++j)
                        for (long k = over_x.first; k < over_x.last; ++k) {
                            const COMPUTE weight = weights[i] * weights[j] * weights[k];
                            __global const STORAGE *cells = image + tables[i] * plan.stride_0
                                + tables[j] * plan.stride_1 + tables[k] * plan.stride_2;
                            if (width == WIDTH)
                                for (int lane = 0; lane < WIDTH; ++lane)
                                    sums[lane] += weight * LOAD(cells, lane);
                            else
                                for (int lane = 0; lane < width; ++lane)
                                    sums[lane] += weight * LOAD(cells, lane);
                        }
                for (int lane = 0; lane < width; ++lane)
                    STORE(sums[lane] / by, results, to + x * plan.to_2 + start + lane);
            }
        }
    }
}
