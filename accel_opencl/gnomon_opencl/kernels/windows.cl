/* What every kernel over the windows of images begins with. Images have two dims in front and
   three of their own; ones stand for dims that are missing. Along each of the three a table
   says what each result reads: where its positions begin among all, and the positions. */

typedef __global const long *Tables;

/* The positions along a dim that a result reads: entries of a table from `first` to `last`. */
typedef struct {
    long first, last;
} Range;

static inline Range range_of(Tables tables, long table, long count, long result) {
    const Range range = {table + count + 1 + tables[table + result],
                         table + count + 1 + tables[table + result + 1]};
    return range;
}

/* Channels that a work-item takes at once where they lie next to each other. */
#define WIDTH 32

/* A line of results along the last dim. */
typedef struct {
    long a, b, z, y;
} Line;

static inline Line line_of(const Plan *plan, long number) {
    Line line;
    line.y = number % plan->count1;
    number /= plan->count1;
    line.z = number % plan->count0;
    number /= plan->count0;
    line.b = number % plan->lead1;
    line.a = number / plan->lead1;
    return line;
}
