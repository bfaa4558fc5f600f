/* Stable sorting along one dim, of keys that are unsigned integers in the order of the elements.

   Short rows are sorted by insertion, one work-item a row. Long ones are sorted by their digits
   of 8 bits, the lowest first: each work-item counts the digits of its part of a row, counts
   become the places where its elements go, and it moves them there in order. */

typedef struct {
    long rows;
    long terms;         /* elements of a row */
    long parts;         /* parts of a row */
    long part_terms;
    long offset0, stride0;  /* of the input, along the dim sorted */
    long offset1, stride1;  /* of the values */
    long offset2, stride2;  /* of the indices */
    long flip;          /* -1 turns all bits of keys over, for descending order */
} Plan;

/* A work-item's part of its row: elements from `first` up to `last`, counted from `begin`. */
#define SHARE \
    const long row = get_global_id(0) / plan.parts, part = get_global_id(0) % plan.parts; \
    if (row >= plan.rows) return; \
    const long begin = row * plan.terms; \
    const long first = part * plan.part_terms; \
    const long last = min(first + plan.part_terms, plan.terms);
