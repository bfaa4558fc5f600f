/* Reductions. What distinguishes them is defined in front of this text:

   State              what is kept of the elements seen so far
   INITIAL            the state of no elements
   TERM(x, i)         the state of element number i alone; `center` is at hand
   COMBINE(a, b)      the state of the elements of both, in either order
   FINISH(s)          the result; `center`, `plan.terms` and `parameter` are at hand

   Elements are numbered in the order of the dims reduced. A long reduction is split into parts,
   whose states are combined in order by `finish_parts`. The kernels are in files of their own,
   since compilers take time for those that are not launched too. */

typedef struct {
    long outputs;        /* results */
    long terms;          /* elements of one result */
    long row;            /* of which this many lie along the last dim */
    long row_stride;
    long parts;          /* parts of one result */
    long part_terms;     /* elements of one part */
    long together;       /* results, or strips of them, that one work-item makes */
    long offset0;        /* of the output */
    long offset1;        /* of the input */
} Plan;

#define ARGUMENTS \
    __global const STORAGE *input, __global TARGET *output, __global State *partial, \
    __global const CENTER *centers, const Plan plan, const Walk kept, const Walk placed, \
    const Walk inner, const PARAMETER parameter

static inline void keep(State state, long number, long part, __global TARGET *output,
                        __global State *partial, __global const CENTER *centers,
                        const Plan *given, const Walk *placed, PARAMETER parameter) {
    const Plan plan = *given;
    if (plan.parts == 1) {
        const CENTER center = CENTERED ? centers[number] : (CENTER)0;
        STORE(FINISH(state), output, plan.offset0 + walked(placed, number));
    } else {
        partial[part * plan.outputs + number] = state;
    }
}
