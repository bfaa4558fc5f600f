/* Losses of connectionist temporal classification and their slopes, in the logarithms of
   gnomon.composite.label_paths. An item goes through the moments of one sequence, in scratch of
   its own, LANES places of the spelling at a time: a path comes to a place from the same one, the
   one before it, or, over a blank, the one before that. Places of the spelling are blanks but for
   every second, the label number `place / 2`.

   V is a vector of LANES numbers of COMPUTE, and M one of MASK, integers of the same size. */

/* Places on both sides of a row that are always of probability 0. */
#define BORDER (LANES > 2 ? LANES : 2)

typedef struct {
    long moments, batch, classes;
    long labels;                            /* of a target at most */
    long is_padded;                         /* whether targets are rows, or one line */
    long given_labels;                      /* in a row, or the line */
    long blank;
    long cells;                             /* of scratch for each item */
    long offset, moment, sample, class;     /* the layout of log-probabilities */
    long of_targets, row, label;            /* of targets */
    long of_inputs, of_sizes;               /* where lengths begin */
    long of_cotangents, cotangent;
} Plan;

typedef struct {
    long length, count, places;             /* of moments, labels and places */
    __global const long *labels;
    __global COMPUTE *state;                /* each a row of places, rounded up to vectors */
    __global COMPUTE *emitted;
    __global COMPUTE *through;
    __global MASK *skips;                   /* whether a path may come from two places before */
    __global COMPUTE *paths;                /* a row of classes */
    __global COMPUTE *scores;
} Sequence;

typedef __global const COMPUTE *Scores;
typedef __global const long *Integers;

static inline long rounded_up(long count) { return (count + LANES - 1) / LANES * LANES; }

/* Whether the lengths and the labels of a sequence fit, and all labels are some target's. */
static int find_sequence(const Plan *plan, Integers targets, Integers inputs, Integers sizes,
                         __global COMPUTE *scratch, long number, Sequence *found) {
    found->length = inputs[plan->of_inputs + number];
    found->count = sizes[plan->of_sizes + number];
    if (found->length < 0 || found->length > plan->moments || found->count < 0) return 0;
    long first = 0;
    if (plan->is_padded) {
        if (found->count > plan->given_labels) return 0;
        first = number * plan->row;
    } else {
        for (long other = 0; other < number; ++other) {
            const long count = sizes[plan->of_sizes + other];
            if (count < 0 || count > plan->given_labels - first) return 0;
            first += count;
        }
        const long left = plan->given_labels - first;
        if (found->count > left || (number == plan->batch - 1 && found->count < left)) return 0;
        first *= plan->label;
    }
    found->labels = targets + plan->of_targets + first;
    for (long place = 0; place < found->count; ++place) {
        const long label = found->labels[place * plan->label];
        if (label < 0 || label >= plan->classes) return 0;
    }
    /* Of more labels than moments no path comes to the end, nor to the places left out. */
    found->places = 2 * min(found->count, plan->labels) + 1;
    const long row = rounded_up(2 * plan->labels + 1), classes = rounded_up(plan->classes);
    __global COMPUTE *own = scratch + number * plan->cells;
    found->state = own + BORDER;
    found->emitted = found->state + row + BORDER;
    found->through = found->emitted + row;
    found->skips = (__global MASK *)(found->through + row);
    found->paths = (__global COMPUTE *)(found->skips + row);
    found->scores = found->paths + classes;
    return 1;
}

static inline long label_of(const Plan *plan, const Sequence *sequence, long place) {
    return place % 2 ? sequence->labels[place / 2 * plan->label] : plan->blank;
}

/* Makes the rows of a sequence ready, before its first moment. */
static void begin(const Plan *plan, const Sequence *sequence) {
    const long row = rounded_up(sequence->places);
    for (long place = -BORDER; place < row + BORDER; ++place)
        sequence->state[place] = -INFINITY;
    for (long place = 0; place < row; ++place) {
        sequence->emitted[place] = -INFINITY;
        sequence->skips[place] = 0;
    }
    for (long place = 3; place < sequence->places; place += 2)
        if (label_of(plan, sequence, place) != label_of(plan, sequence, place - 2))
            sequence->skips[place] = -1;
}

/* Reads what the places of the spelling have at a moment, whose scores begin at `at`. */
static void emit(const Plan *plan, const Sequence *sequence, Scores log_probs, long at) {
    const COMPUTE blank = log_probs[at + plan->blank * plan->class];
    for (long place = 0; place < sequence->places; place += 2) sequence->emitted[place] = blank;
    for (long place = 1; place < sequence->places; place += 2)
        sequence->emitted[place]
            = log_probs[at + sequence->labels[place / 2 * plan->label] * plan->class];
}

/* The logarithm of the sum of three probabilities, -INFINITY for none. */
static inline V log_sum(V one, V two, V three) {
    const V largest = fmax(fmax(one, two), three);
    const V shift = fmax(largest, (V)(-LARGEST));
    const V sum = EXP(one - shift) + EXP(two - shift) + EXP(three - shift);
    return select(shift + log(sum), largest, (M)(largest == (V)(INFINITY)));
}

/* Of all paths that begin and come to a place a moment later. From the last places on, since each
   needs what those before it were. */
static void advance(const Sequence *sequence) {
    for (long place = rounded_up(sequence->places) - LANES; place >= 0; place -= LANES) {
        __global COMPUTE *state = sequence->state + place;
        const V skipping = select((V)(-INFINITY), READ(state - 2),
                                  READ_MASK(sequence->skips + place));
        const V sum = log_sum(READ(state), READ(state - 1), skipping);
        WRITE(sum + READ(sequence->emitted + place), state);
    }
}

/* Of all paths that go on from a place and end. From the first places on. */
static void go_back(const Sequence *sequence) {
    const long row = rounded_up(sequence->places);
    for (long place = 0; place < row; place += LANES) {
        __global COMPUTE *state = sequence->state + place;
        const V skipping = select((V)(-INFINITY), READ(state + 2),
                                  READ_MASK(sequence->skips + place + 2));
        const V sum = log_sum(READ(state), READ(state + 1), skipping);
        WRITE(sum + READ(sequence->emitted + place), state);
    }
}

/* -log of the probability of the paths that have come to an end. */
static COMPUTE loss_of(const Sequence *sequence) {
    if (!sequence->length) return sequence->count ? INFINITY : -0.0f;
    const long last = 2 * sequence->count;
    if (last >= sequence->places) return INFINITY;
    const COMPUTE one = sequence->state[last], other = sequence->state[last - 1];
    const COMPUTE largest = fmax(one, other);
    if (isinf(largest)) return isnan(one + other) ? NAN : -largest;
    return -(largest + log(exp(one - largest) + exp(other - largest)));
}

__kernel void ctc_losses(Scores log_probs, Integers targets, Integers inputs, Integers sizes,
                         __global COMPUTE *losses, __global COMPUTE *forward,
                         __global COMPUTE *scratch, const Plan plan, __global int *flag) {
    const long number = get_global_id(0);
    if (number >= plan.batch) return;
    Sequence sequence;
    if (!find_sequence(&plan, targets, inputs, sizes, scratch, number, &sequence)) {
        *flag = REFUSED;
        return;
    }
    begin(&plan, &sequence);
    const long row = 2 * plan.labels + 1;
    for (long moment = 0; moment < plan.moments; ++moment) {
        __global COMPUTE *kept = forward + (moment * plan.batch + number) * row;
        const int is_within = moment < sequence.length;
        if (is_within) {
            emit(&plan, &sequence, log_probs,
                 plan.offset + moment * plan.moment + number * plan.sample);
            if (moment) {
                advance(&sequence);
            } else {
                for (long place = 0; place < min(sequence.places, 2L); ++place)
                    sequence.state[place] = sequence.emitted[place];
            }
        }
        const long places = is_within ? sequence.places : 0;
        for (long place = 0; place < places; ++place) kept[place] = sequence.state[place];
        for (long place = places; place < row; ++place) kept[place] = -INFINITY;
    }
    losses[number] = loss_of(&sequence);
}

/* Adds how probable it is that a path is at each place at a moment to the paths of its label. */
static void add_paths(const Plan *plan, const Sequence *sequence, __global const COMPUTE *forward,
                      COMPUTE loss) {
    const long row = rounded_up(sequence->places);
    /* Both ways count the emission; where it has no probability, no path comes through. */
    for (long place = 0; place < sequence->places; ++place) {
        const COMPUTE emitted = sequence->emitted[place];
        const COMPUTE counted_twice = emitted == -INFINITY ? 0 : emitted;
        sequence->through[place]
            = forward[place] + sequence->state[place] - counted_twice + loss;
    }
    for (long place = 0; place < row; place += LANES)
        WRITE(exp(READ(sequence->through + place)), sequence->through + place);
    for (long place = 0; place < sequence->places; ++place)
        sequence->paths[label_of(plan, sequence, place)] += sequence->through[place];
}

__kernel void ctc_losses_backward(__global const COMPUTE *cotangents, Scores log_probs,
                                  Integers targets, Integers inputs, Integers sizes,
                                  __global const COMPUTE *losses,
                                  __global const COMPUTE *forward, __global COMPUTE *output,
                                  __global COMPUTE *scratch, const Plan plan,
                                  const int zero_infinity) {
    const long number = get_global_id(0);
    if (number >= plan.batch) return;
    Sequence sequence;
    /* The way forward has refused it. */
    if (!find_sequence(&plan, targets, inputs, sizes, scratch, number, &sequence)) return;
    const long classes = plan.classes;
    const COMPUTE loss = losses[number];
    const COMPUTE cotangent = cotangents[plan.of_cotangents + number * plan.cotangent];
    const COMPUTE of_infinity = zero_infinity ? 0 : NAN;
    begin(&plan, &sequence);
    for (long class = 0; class < rounded_up(classes); ++class) sequence.paths[class] = 0;
    for (long moment = plan.moments - 1; moment >= 0; --moment) {
        __global COMPUTE *slopes = output + (moment * plan.batch + number) * classes;
        const int is_after = moment >= sequence.length;
        if (is_after || loss == INFINITY) {
            for (long class = 0; class < classes; ++class)
                slopes[class] = is_after ? 0 : of_infinity;
            continue;
        }
        const long at = plan.offset + moment * plan.moment + number * plan.sample;
        emit(&plan, &sequence, log_probs, at);
        if (moment == sequence.length - 1) {
            for (long place = max(2 * sequence.count - 1, 0L); place < sequence.places; ++place)
                sequence.state[place] = sequence.emitted[place];
        } else {
            go_back(&sequence);
        }
        add_paths(&plan, &sequence,
                  forward + (moment * plan.batch + number) * (2 * plan.labels + 1), loss);
        for (long class = 0; class < classes; ++class)
            sequence.scores[class] = log_probs[at + class * plan.class];
        for (long class = 0; class < classes; class += LANES) {
            const V slope = exp(READ(sequence.scores + class)) - READ(sequence.paths + class);
            WRITE(slope * cotangent, sequence.scores + class);
            WRITE((V)(0), sequence.paths + class);
        }
        for (long class = 0; class < classes; ++class) slopes[class] = sequence.scores[class];
    }
}
