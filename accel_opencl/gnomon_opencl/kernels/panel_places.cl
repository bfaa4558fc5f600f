/* Where elements of operands stand, from strides or from tables. Rows are taken in lines of
   `width`: a row stands at its line's place plus a stride for each row of the line before.
   Columns are taken in lines of `columns`, of which there is one unless tables say where the
   lines stand; or tables say where each column stands. */

typedef __global const STORAGE *Source;
typedef __global const long *Tables;

#if HAS_TABLES
#define LEFT_LINE(line) tables[plan.left_table + (line)]
#define LEFT_STEP(step) tables[plan.step_table + (step)]
#define RIGHT_STEP(step) tables[plan.right_table + (step)]
#define PLACE_LINE(line) tables[plan.place_table + (line)]
#define RIGHT_LINE(line) tables[plan.right_lines + (line)]
#define COLUMN_LINE(line) tables[plan.column_places + (line)]
#define RIGHT_COLUMN(column) \
    (plan.is_gathered ? tables[plan.right_lines + (column)] : (column) * plan.right_column)
#define PLACE_COLUMN(column) \
    (plan.is_gathered ? tables[plan.column_places + (column)] : (column) * plan.product_column)
#else
#define LEFT_LINE(line) 0
#define LEFT_STEP(step) ((step) * plan.left_step)
#define RIGHT_STEP(step) ((step) * plan.right_step)
#define PLACE_LINE(line) 0
#define RIGHT_LINE(line) 0
#define COLUMN_LINE(line) 0
#define RIGHT_COLUMN(column) ((column) * plan.right_column)
#define PLACE_COLUMN(column) ((column) * plan.product_column)
#endif
