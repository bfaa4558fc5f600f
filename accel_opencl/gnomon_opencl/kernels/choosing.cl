/* The positions at which a line of bools is true. A work-item goes through a part of the line,
   and knows from the running sums where its first position goes, and where its last. */

typedef struct {
    long terms, part_terms;
} Plan;

__kernel void choose(__global const uchar *chosen, __global const long *running,
                     __global long *output, const Plan plan) {
    const long first = get_global_id(0) * plan.part_terms;
    if (first >= plan.terms) return;
    const long last = min(first + plan.part_terms, plan.terms);
    long place = first ? running[first - 1] : 0;
    const long end = running[last - 1];
    /* What is not chosen is overwritten by the next one that is: a branch for each would be
       guessed wrong half of the time. */
    for (long i = first; place < end; ++i) {
        output[place] = i;
        place += chosen[i] != 0;
    }
}
