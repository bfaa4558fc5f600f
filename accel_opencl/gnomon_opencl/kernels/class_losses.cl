/* The loss of scores of classes at each target, its sums, and the way back. SUM is the type that
   sums are computed in; WEIGHTED is 1 where classes have weights, and NORMALIZED where the
   logarithm of the softmax of scores counts: of a score less the row's peak and the logarithm of
   the sum of the exponentials. */

typedef struct {
    long targets;
    long together;      /* targets of a work-item, which are a part of the sums */
    long classes;
    long ignored;       /* what a target is that counts nothing */
    long offset_of_targets;
    long offset_of_scores, step_of_scores;      /* from class to class */
    long offset_of_weights, step_of_weights;
    long offset_of_cotangents;
} Plan;

typedef struct {
    SUM loss, weight;
} Sums;

static inline COMPUTE weight_of(const Plan *plan, __global const STORAGE *weights, long class) {
#if WEIGHTED
    return LOAD(weights, plan->offset_of_weights + class * plan->step_of_weights);
#else
    return 1;
#endif
}

#define LOSS_ARGUMENTS \
    __global const STORAGE *scores, __global const long *targets, \
    __global const STORAGE *weights, __global const COMPUTE *peaks, \
    __global const COMPUTE *sums, const Plan plan, const Walk by_targets, const Walk by_scores
#define GIVEN scores, targets, weights, peaks, sums, plan, by_targets, by_scores

/* The loss and the weight of a target; none where it is ignored, or no class. */
static inline void look_at(LOSS_ARGUMENTS, long number, __global int *flag, COMPUTE *loss,
                           COMPUTE *weight) {
    const long class = targets[plan.offset_of_targets + walked(&by_targets, number)];
    *loss = *weight = 0;
    if (class == plan.ignored) return;
    if (class < 0 || class >= plan.classes) {
        *flag = 1;
        return;
    }
    const long row = plan.offset_of_scores + walked(&by_scores, number);
    *weight = weight_of(&plan, weights, class);
    COMPUTE score = LOAD(scores, row + class * plan.step_of_scores);
    if (NORMALIZED) score = score - peaks[number] - log(sums[number]);
    *loss = -(score * *weight);
}

__kernel void class_losses(LOSS_ARGUMENTS, __global STORAGE *losses, __global int *flag) {
    const long first = get_global_id(0) * plan.together;
    const long last = min(first + plan.together, plan.targets);
    for (long number = first; number < last; ++number) {
        COMPUTE loss, weight;
        look_at(GIVEN, number, flag, &loss, &weight);
        STORE(loss, losses, number);
    }
}

static inline Sums sums_of(LOSS_ARGUMENTS, long first, __global int *flag) {
    const long last = min(first + plan.together, plan.targets);
    Sums found = {0, 0};
    for (long number = first; number < last; ++number) {
        COMPUTE loss, weight;
        look_at(GIVEN, number, flag, &loss, &weight);
        found.loss += (SUM)loss;
        found.weight += (SUM)weight;
    }
    return found;
}

static inline void conclude(Sums sums, int averaged, __global STORAGE *result,
                            __global STORAGE *total) {
    STORE((COMPUTE)(averaged ? sums.loss / sums.weight : sums.loss), result, 0);
    if (averaged) STORE((COMPUTE)sums.weight, total, 0);
}

/* All targets by one work-item. */
__kernel void class_loss(LOSS_ARGUMENTS, const int averaged, __global STORAGE *result,
                         __global STORAGE *total, __global int *flag) {
    if (get_global_id(0)) return;
    conclude(sums_of(GIVEN, 0, flag), averaged, result, total);
}

/* The same in parts, whose sums are added up in order. */
__kernel void class_loss_parts(LOSS_ARGUMENTS, __global Sums *parts, __global int *flag) {
    const long part = get_global_id(0);
    if (part * plan.together >= plan.targets) return;
    parts[part] = sums_of(GIVEN, part * plan.together, flag);
}

__kernel void add_class_loss_parts(__global const Sums *parts, const long count,
                                   const int averaged, __global STORAGE *result,
                                   __global STORAGE *total) {
    if (get_global_id(0)) return;
    Sums sums = {0, 0};
    for (long part = 0; part < count; ++part) {
        sums.loss += parts[part].loss;
        sums.weight += parts[part].weight;
    }
    conclude(sums, averaged, result, total);
}

#define SLOPE_ARGUMENTS \
    __global const STORAGE *cotangents, __global const STORAGE *total, \
    __global const STORAGE *weights, const Plan plan, const Walk by_cotangents

/* How much less the result is for each unit that a target's score is more. */
static inline COMPUTE slope_of(SLOPE_ARGUMENTS, const int averaged, long number, long class) {
    if (class == plan.ignored || class < 0 || class >= plan.classes) return 0;
    COMPUTE share = weight_of(&plan, weights, class);
    /* What counts nothing has no slope, though the mean of nothing else is 0 / 0. */
    if (share == 0) return 0;
    if (averaged) share /= LOAD(total, 0);
    return LOAD(cotangents, plan.offset_of_cotangents + walked(&by_cotangents, number)) * share;
}

/* Zeros for every score but that of the target's class. */
__kernel void class_loss_backward(SLOPE_ARGUMENTS, __global STORAGE *scores,
                                  __global const long *targets, const Walk by_targets,
                                  const Walk by_scores, const int averaged) {
    const long first = get_global_id(0) * plan.together;
    const long last = min(first + plan.together, plan.targets);
    for (long number = first; number < last; ++number) {
        const long class = targets[plan.offset_of_targets + walked(&by_targets, number)];
        const long row = plan.offset_of_scores + walked(&by_scores, number);
        for (long each = 0; each < plan.classes; ++each)
            STORE((COMPUTE)0, scores, row + each * plan.step_of_scores);
        const COMPUTE slope = slope_of(cotangents, total, weights, plan, by_cotangents,
                                       averaged, number, class);
        if (slope != 0) STORE(-slope, scores, row + class * plan.step_of_scores);
    }
}

/* The slopes alone. */
__kernel void class_loss_slopes(SLOPE_ARGUMENTS, __global COMPUTE *slopes,
                                __global const long *targets, const Walk by_targets,
                                const int averaged) {
    const long first = get_global_id(0) * plan.together;
    const long last = min(first + plan.together, plan.targets);
    for (long number = first; number < last; ++number)
        slopes[number] = slope_of(cotangents, total, weights, plan, by_cotangents, averaged,
                                  number, targets[plan.offset_of_targets
                                                  + walked(&by_targets, number)]);
}

/* What rows of slope * softmax(scores), whose places are those of the cotangents, should be at
   their targets: found anew, lest it be rounded twice. */
__kernel void subtract_at_targets(LOSS_ARGUMENTS, __global const COMPUTE *slopes,
                                  __global STORAGE *rows, const long step,
                                  const Walk by_cotangents) {
    const long first = get_global_id(0) * plan.together;
    const long last = min(first + plan.together, plan.targets);
    for (long number = first; number < last; ++number) {
        const COMPUTE slope = slopes[number];
        if (slope == 0) continue;
        const long class = targets[plan.offset_of_targets + walked(&by_targets, number)];
        const long place = plan.offset_of_scores + walked(&by_scores, number);
        const COMPUTE score = LOAD(scores, place + class * plan.step_of_scores);
        const COMPUTE share = exp(score - peaks[number]) / sums[number];
        const long row = plan.offset_of_cotangents + walked(&by_cotangents, number);
        STORE((share - 1) * slope, rows, row + class * step);
    }
}
