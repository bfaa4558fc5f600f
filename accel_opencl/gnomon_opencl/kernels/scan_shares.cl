/* Scans: running results along one dim. As for reductions, `State`, `INITIAL`, `TERM(x, i)`,
   `COMBINE(a, b)` and `FINISH(s)` are defined in front of this text, `a` being in front of `b`.

   WIDTH neighbours of other dims go side by side. A long scan over few of them is split into
   parts: their totals are scanned first, so that each part knows what it begins with. */

typedef struct {
    long rows;          /* scans */
    long terms;         /* elements of each */
    long parts;
    long part_terms;
    long offset0;       /* of the output */
    long stride0;       /* along the dim scanned */
    long offset1;       /* of the input */
    long stride1;
} Plan;

typedef struct {
    long number;        /* of the first scan of this work-item */
    long part;
    long first, last;   /* elements */
    int count;          /* scans */
} Share;

static inline Share share_of(const Plan *plan, const Walk *from) {
    const long columns = from->size[DIMS - 1];
    const long strips = (columns + WIDTH - 1) / WIDTH;
    const long lines = plan->rows / columns;
    const long item = get_global_id(0);
    const long strip = item % strips, line = item / strips % lines;
    Share share;
    share.part = item / strips / lines;
    share.number = line * columns + strip * WIDTH;
    share.first = share.part * plan->part_terms;
    share.last = min(share.first + plan->part_terms, plan->terms);
    share.count = (int)min((long)WIDTH, columns - strip * WIDTH);
    return share;
}

#define ARGUMENTS \
    __global const STORAGE *input, __global TARGET *output, __global State *totals, \
    const Plan plan, const Walk from, const Walk to
