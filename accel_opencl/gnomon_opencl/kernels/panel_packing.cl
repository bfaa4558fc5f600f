/* Operands of products packed for panel_product.cl. */

/* Steps that one work-item packs: so few that each cache line is read once in either order. */
#define CHUNK 64
/* Strips of the left operand, and panels of the right one, that one work-item packs. */
#define STRIPS 8
#define PANELS 16

typedef __global COMPUTE *Packed;

/* One item packs CHUNK steps of PANELS panels, and reads lines of columns from end to end where
   they lie next to each other: one panel's part of each line alone, a page or more apart from the
   next, is what processors can't fetch ahead. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void pack_right(Source source, Tables tables, Packed packed, const Plan plan) {
    const long panels = (plan.columns + COLUMNS - 1) / COLUMNS;
    const long groups = (panels + PANELS - 1) / PANELS;
    const long chunks = (plan.right_steps + CHUNK - 1) / CHUNK;
    const long size = plan.repeats * plan.right_steps * COLUMNS;
    long item = get_global_id(0);
    const long start = item % chunks * CHUNK;
    const int steps = (int)min((long)CHUNK, plan.right_steps - start);
    item /= chunks;
    const long repeat = item % plan.repeats;
    item /= plan.repeats;
    long panel = item % groups * PANELS;
    const long last = min(panel + PANELS, panels);
    item /= groups;
    const long inner = item % plan.inner, outer = item / plan.inner;
    source += plan.right_offset + outer * plan.right_outer + inner * plan.right_inner
        + repeat * plan.right_repeat;
    packed += outer * plan.panel_outer + inner * plan.panel_inner
        + (repeat * plan.right_steps + start) * COLUMNS;
    if (plan.right_column == 1) {
        const long whole = min(last, plan.columns / COLUMNS);
        for (int step = 0; step < steps; ++step) {
            Source line = source + RIGHT_STEP(start + step);
            for (long each = panel; each < whole; ++each)
                for (int lane = 0; lane < COLUMNS; ++lane)
                    packed[each * size + step * COLUMNS + lane] =
                        LOAD(line, each * COLUMNS + lane);
        }
        panel = max(panel, whole);
    }
    for (; panel < last; ++panel) {
        const int lanes = (int)min((long)COLUMNS, plan.columns - panel * COLUMNS);
        long places[CHUNK];
        int is_dense = steps == CHUNK;
        for (int step = 0; step < steps; ++step) {
            places[step] = RIGHT_STEP(start + step);
            is_dense &= places[step] == places[0] + step;
        }
        /* By way of a block that stays in the cache, so that neither side is strided. */
        COMPUTE cells[COLUMNS][CHUNK];
        for (int lane = 0; lane < COLUMNS; ++lane) {
            if (lane >= lanes) {
                for (int step = 0; step < CHUNK; ++step) cells[lane][step] = 0;
                continue;
            }
            Source line = source + RIGHT_COLUMN(panel * COLUMNS + lane);
            if (is_dense)
                for (int step = 0; step < CHUNK; ++step)
                    cells[lane][step] = LOAD(line, places[0] + step);
            else
                for (int step = 0; step < steps; ++step)
                    cells[lane][step] = LOAD(line, places[step]);
        }
        for (int step = 0; step < steps; ++step)
            for (int lane = 0; lane < COLUMNS; ++lane)
                packed[panel * size + step * COLUMNS + lane] = cells[lane][step];
    }
}

/* One item packs CHUNK steps of STRIPS strips of ROWS rows of the left operand. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void pack_left(Source source, Packed packed, const Plan plan) {
    const long strips = (plan.rows + ROWS - 1) / ROWS, groups = (strips + STRIPS - 1) / STRIPS;
    const long chunks = (plan.steps + CHUNK - 1) / CHUNK, size = plan.steps * ROWS;
    const long item = get_global_id(0);
    const long start = item % chunks * CHUNK, end = min(start + CHUNK, plan.steps);
    const long group = item / chunks % groups * STRIPS, outer = item / chunks / groups;
    source += plan.source_offset + outer * plan.source_outer;
    packed += outer * strips * size;
    /* What is next to each other in a cache line is packed while the line is near. */
    for (long strip = group; strip < min(group + STRIPS, strips); ++strip) {
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
