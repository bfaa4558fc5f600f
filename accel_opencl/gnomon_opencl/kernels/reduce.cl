/* Reductions. What distinguishes them is defined in front of this text:

   State              what is kept of the elements seen so far
   INITIAL            the state of no elements
   TERM(x, i)         the state of element number i alone; `center` is at hand
   COMBINE(a, b)      the state of the elements of both, in either order
   FINISH(s)          the result; `center`, `plan.terms` and `parameter` are at hand
   COMBINE_VECTORS(a, b)
                      the same of vectors of elements, which are states where FOLDS_VECTORS
   EVALUATE_VECTOR(at, steps, i)
                      the elements from number `i` on, LANES of them, of which number 0 is made
                      of what stands at `at`, the others of what lies a step further on each
   EVALUATE(at, steps, count, cells)
                      puts the elements from number 0 on, `count` of them, into `cells`

   Elements are numbered in the order of the dims reduced. A long reduction is split into parts,
   whose states are combined in order by `finish_parts`. The kernels are in files of their own,
   since compilers take time for those that are not launched too. */

typedef struct {
    long outputs;        /* results */
    long terms;          /* elements of one result */
    long row;            /* of which this many lie along the last dim */
    long parts;          /* parts of one result */
    long part_terms;     /* elements of one part */
    long together;       /* results, or strips of them, that one work-item makes */
    long offset;         /* of the output */
} Plan;

/* A number for each operand: where it stands, or by how much it moves. */
typedef struct { long of[OPERANDS]; } Places;

typedef struct {
    long size[DIMS];
    Places stride[DIMS];
} Walks;

/* Where the element number `line` stands, counted from `at`. */
static inline Places walked_from(Places at, const Walks *walks, long line) {
#pragma unroll
    for (int dim = DIMS - 1; dim >= 0; --dim) {
        const long size = walks->size[dim];
        if (dim && size == 1) continue;
        const long place = dim ? line % size : line;
        line /= size;
        for (int k = 0; k < OPERANDS; ++k) at.of[k] += place * walks->stride[dim].of[k];
    }
    return at;
}

static inline Places moved(Places at, long steps, const Places *step) {
    for (int k = 0; k < OPERANDS; ++k) at.of[k] += steps * step->of[k];
    return at;
}

/* Folds a vector of elements into as many states; the first is element number `number`, and
   the others are `apart` from it each. */
#if LANES == 1
#define TAKE(states, x, number, apart) *(states) = COMBINE(*(states), TERM(x, number));
#elif FOLDS_VECTORS
#define TAKE(states, x, number, apart) \
    *(VECTOR *)(states) = COMBINE_VECTORS(*(VECTOR *)(states), x);
#else
#define TAKE(states, vector, number, apart) { \
    State *const taking = states; \
    VECTOR taken = vector; \
    for (int k = 0; k < LANES; ++k) { \
        const ELEMENT x = ((ELEMENT *)&taken)[k]; \
        taking[k] = COMBINE(taking[k], TERM(x, (number) + k * (apart))); \
    } \
}
#endif
#define ALIGNED __attribute__((aligned(64)))

static inline void keep(State state, long number, long part, __global TARGET *output,
                        __global State *partial, __global const CENTER *centers,
                        const Plan *given, const Walk *placed, PARAMETER parameter) {
    const Plan plan = *given;
    if (plan.parts == 1) {
        const CENTER center = CENTERED ? centers[number] : (CENTER)0;
        STORE(FINISH(state), output, plan.offset + walked(placed, number));
    } else {
        partial[part * plan.outputs + number] = state;
    }
}
