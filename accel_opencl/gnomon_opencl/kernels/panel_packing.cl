/* Operands of products packed for panel_product.cl. */

/* Steps that one work-item packs. */
#define CHUNK 256
/* Steps that are packed together, so that each cache line is read once in either order. */
#define NEAR 64
/* Strips that one work-item packs. */
#define GROUP 8

typedef __global COMPUTE *Packed;

/* One item packs CHUNK steps of one panel. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void pack_right(Source source, Tables tables, Packed packed, const Plan plan) {
    const long panels = (plan.columns + COLUMNS - 1) / COLUMNS;
    const long chunks = (plan.right_steps + CHUNK - 1) / CHUNK;
    long item = get_global_id(0);
    const long first = item % chunks * CHUNK, last = min(first + CHUNK, plan.right_steps);
    item /= chunks;
    const long repeat = item % plan.repeats;
    item /= plan.repeats;
    const long panel = item % panels;
    item /= panels;
    const long inner = item % plan.inner, outer = item / plan.inner;
    const int lanes = (int)min((long)COLUMNS, plan.columns - panel * COLUMNS);
    source += plan.right_offset + outer * plan.right_outer + inner * plan.right_inner
        + repeat * plan.right_repeat + panel * COLUMNS * plan.right_column;
    packed += outer * plan.panel_outer + inner * plan.panel_inner
        + ((panel * plan.repeats + repeat) * plan.right_steps) * COLUMNS;
    for (long start = first; start < last; start += NEAR) {
        const long end = min(start + NEAR, last);
        if (plan.right_column == 1 && lanes == COLUMNS) {
            for (long step = start; step < end; ++step) {
                const long at = RIGHT_STEP(step);
                for (int lane = 0; lane < COLUMNS; ++lane)
                    packed[step * COLUMNS + lane] = LOAD(source, at + lane);
            }
        } else {
            const int steps = (int)(end - start);
            long places[NEAR];
            int is_dense = steps == NEAR;
            for (int step = 0; step < steps; ++step) {
                places[step] = RIGHT_STEP(start + step);
                is_dense &= places[step] == places[0] + step;
            }
            /* By way of a block that stays in the cache, so that neither side is strided. */
            COMPUTE cells[COLUMNS][NEAR];
            for (int lane = 0; lane < COLUMNS; ++lane) {
                Source line = source + lane * plan.right_column;
                if (lane >= lanes)
                    for (int step = 0; step < NEAR; ++step) cells[lane][step] = 0;
                else if (is_dense)
                    for (int step = 0; step < NEAR; ++step)
                        cells[lane][step] = LOAD(line, places[0] + step);
                else
                    for (int step = 0; step < steps; ++step)
                        cells[lane][step] = LOAD(line, places[step]);
            }
            for (int step = 0; step < steps; ++step)
                for (int lane = 0; lane < COLUMNS; ++lane)
                    packed[(start + step) * COLUMNS + lane] = cells[lane][step];
        }
    }
}

/* One item packs CHUNK steps of GROUP strips of ROWS rows of the left operand. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void pack_left(Source source, Packed packed, const Plan plan) {
    const long strips = (plan.rows + ROWS - 1) / ROWS, groups = (strips + GROUP - 1) / GROUP;
    const long chunks = (plan.steps + CHUNK - 1) / CHUNK, size = plan.steps * ROWS;
    const long item = get_global_id(0);
    const long first = item % chunks * CHUNK, last = min(first + CHUNK, plan.steps);
    const long group = item / chunks % groups * GROUP, outer = item / chunks / groups;
    source += plan.source_offset + outer * plan.source_outer;
    packed += outer * strips * size;
    for (long start = first; start < last; start += NEAR) {
        const long end = min(start + NEAR, last);
        /* What is next to each other in a cache line is packed while the line is near. */
        for (long strip = group; strip < min(group + GROUP, strips); ++strip) {
            const int rows = (int)min((long)ROWS, plan.rows - strip * ROWS);
            Source lines = source + strip * ROWS * plan.source_row;
            Packed steps = packed + strip * size;
            if (plan.source_row == 1 && rows == ROWS) {
                for (long step = start; step < end; ++step)
                    for (int row = 0; row < ROWS; ++row)
                        steps[step * ROWS + row] = LOAD(lines, step * plan.source_step + row);
            } else {
                for (int row = 0; row < ROWS; ++row)
                    for (long step = start; step < end; ++step)
                        steps[step * ROWS + row] = row < rows
                            ? LOAD(lines, row * plan.source_row + step * plan.source_step)
                            : (COMPUTE)0;
            }
        }
    }
}
