/* Inverses, solutions, factors and determinants by elimination, in doubles whatever the matrices
   are of, step by step as gnomon.composite.linalg.elimination has it: with the same pivots and
   infos, and sums in the same order. */

/* Subtracts four rows that lie behind each other, the first first. */
static void subtract_four(__global double *restrict row, double4 factors,
                          __global const double *restrict rows, long width) {
    for (long k = 0; k < width; ++k)
        row[k] = (((row[k] - factors.x * rows[k]) - factors.y * rows[k + width])
                  - factors.z * rows[k + 2 * width]) - factors.w * rows[k + 3 * width];
}

static void exchange_rows(__global double *rows, long one, long other, long width) {
    for (long k = 0; one != other && k < width; ++k) {
        const double kept = rows[one * width + k];
        rows[one * width + k] = rows[other * width + k];
        rows[other * width + k] = kept;
    }
}

static void exchange(Rows rows, long width, __global const int *pivots, long count) {
    for (long k = 0; k < count; ++k) exchange_rows(rows, k, pivots[k], width);
}

static void exchange_back(Rows rows, long width, __global const int *pivots, long count) {
    for (long k = count - 1; k >= 0; --k) exchange_rows(rows, k, pivots[k], width);
}

/* Leaves L below and U on and above the diagonal, the largest element of a column as its pivot;
   gives 0, or the place from 1 of the first zero on the diagonal of U. */
static int eliminate(Rows rows, long height, long width, __global int *pivots) {
    int info = 0;
    const long least = min(height, width);
    for (long k = 0; k < least; ++k) {
        long place = k;
        double largest = fabs(rows[k * width + k]);
        for (long i = k + 1; i < height; ++i) {
            const double size = fabs(rows[i * width + k]);
            if (size > largest) {
                largest = size;
                place = i;
            }
        }
        pivots[k] = (int)place;
        exchange_rows(rows, k, place, width);
        const double pivot = rows[k * width + k];
        if (pivot == 0) {
            if (!info) info = (int)k + 1;
            continue;
        }
        for (long i = k + 1; i < height; ++i) {
            Rows row = rows + i * width + k;
            const double factor = row[0] / pivot;
            row[0] = factor;
            if (factor != 0) subtract(row + 1, factor, rows + k * width + k + 1, width - k - 1);
        }
    }
    return info;
}

/* Makes of right sides the solutions of a triangular system whose elements are `row` and
   `column` apart. A zero on the diagonal divides as the meaning has it. */
static void substitute(GivenRows triangle, long row, long column, long size, int is_upper,
                       int is_unit, Rows solution, long width) {
    for (long n = 0; n < size; ++n) {
        const long i = is_upper ? size - 1 - n : n;
        const long last = is_upper ? size : i;
        Rows own = solution + i * width;
        GivenRows factors = triangle + i * row;
        long k = is_upper ? i + 1 : 0;
        for (; k + 4 <= last; k += 4) {
            const double4 four = (double4)(factors[k * column], factors[(k + 1) * column],
                                           factors[(k + 2) * column], factors[(k + 3) * column]);
            subtract_four(own, four, solution + k * width, width);
        }
        for (; k < last; ++k)
            subtract(own, factors[k * column], solution + k * width, width);
        const double divisor = is_unit ? 1 : factors[i * column];
        if (divisor != 0)
            for (long j = 0; j < width; ++j) own[j] /= divisor;
        else
            for (long j = 0; j < width; ++j) own[j] = own[j] != 0 ? own[j] * INFINITY : NAN;
    }
}

/* Makes of right sides the solutions for the matrix that has the factors, or its transpose. */
static void solve_factored(GivenRows packed, __global const int *pivots, long size,
                           int is_transposed, Rows right, long width) {
    const long row = is_transposed ? 1 : size, column = is_transposed ? size : 1;
    if (!is_transposed) exchange(right, width, pivots, size);
    /* L, which has ones on its diagonal, comes first, or of the transpose U. One call of the
       function, which is inlined: compilers take their time with it. */
    ROLLED for (int is_upper = 0; is_upper < 2; ++is_upper)
        substitute(packed, row, column, size, is_upper, is_upper == is_transposed, right, width);
    if (is_transposed) exchange_back(right, width, pivots, size);
}

__kernel void invert(__global const STORAGE *input, __global STORAGE *output,
                     __global int *infos, __global double *scratch, __global int *exchanges,
                     const Plan plan, const Matrices given, const Matrices found) {
    BEGIN
    __global int *pivots = exchanges + item * plan.ints;
    Rows inverse = rows + size * size;
    for (long number = first; number < last; ++number) {
        __global const STORAGE *from = input + first_place(&given, number);
        __global STORAGE *to = output + first_place(&found, number);
        load(from, given.row, given.column, size, size, rows);
        const int info = eliminate(rows, size, size, pivots);
        infos[number] = info;
        if (info) {
            load(from, given.row, given.column, size, size, inverse);
        } else {
            for (long i = 0; i < size; ++i)
                for (long k = 0; k < size; ++k) inverse[i * size + k] = i == k;
            solve_factored(rows, pivots, size, 0, inverse, size);
        }
        store(inverse, size, size, to, found.row, found.column);
    }
}

/* Right sides are rows of scratch: of X A = B, which is A^T X^T = B^T, the columns of B. */
__kernel void solve(__global const STORAGE *matrices, __global const STORAGE *right,
                    __global STORAGE *output, __global int *infos, __global double *scratch,
                    __global int *exchanges, const Plan plan, const Matrices given,
                    const Matrices sides, const Matrices found, const int is_transposed) {
    BEGIN
    __global int *pivots = exchanges + item * plan.ints;
    Rows solution = rows + size * size;
    for (long number = first; number < last; ++number) {
        __global const STORAGE *from = matrices + first_place(&given, number);
        load(from, given.row, given.column, size, size, rows);
        const int info = eliminate(rows, size, size, pivots);
        infos[number] = info;
        for (long copy = 0; copy < plan.copies; ++copy) {
            const long side = number * plan.copies + copy;
            load(right + first_place(&sides, side), sides.row, sides.column, size, plan.columns,
                 solution);
            if (!info) solve_factored(rows, pivots, size, is_transposed, solution, plan.columns);
            store(solution, size, plan.columns, output + first_place(&found, side), found.row,
                  found.column);
        }
    }
}

__kernel void solve_triangular(__global const STORAGE *triangles, __global const STORAGE *right,
                               __global STORAGE *output, __global double *scratch,
                               const Plan plan, const Matrices given, const Matrices sides,
                               const Matrices found, const int is_upper, const int is_unit) {
    BEGIN
    Rows solution = rows + size * size;
    for (long number = first; number < last; ++number) {
        load(triangles + first_place(&given, number), given.row, given.column, size, size, rows);
        load(right + first_place(&sides, number), sides.row, sides.column, size, plan.columns,
             solution);
        substitute(rows, size, 1, size, is_upper, is_unit, solution, plan.columns);
        store(solution, size, plan.columns, output + first_place(&found, number), found.row,
              found.column);
    }
}

__kernel void factor(__global const STORAGE *input, __global STORAGE *packed,
                     __global int *pivots, __global int *infos, __global double *scratch,
                     __global int *exchanges, const Plan plan, const Matrices given,
                     const Matrices found, const Matrices places) {
    BEGIN
    __global int *own = exchanges + item * plan.ints;
    for (long number = first; number < last; ++number) {
        load(input + first_place(&given, number), given.row, given.column, size, plan.width,
             rows);
        infos[number] = eliminate(rows, size, plan.width, own);
        store(rows, size, plan.width, packed + first_place(&found, number), found.row,
              found.column);
        __global int *to = pivots + first_place(&places, number);
        for (long k = 0; k < min(size, plan.width); ++k) to[k * places.row] = own[k] + 1;
    }
}

__kernel void solve_by_factors(__global const STORAGE *packed, __global const int *pivots,
                               __global const STORAGE *right, __global STORAGE *output,
                               __global double *scratch, __global int *exchanges,
                               const Plan plan, const Matrices given, const Matrices places,
                               const Matrices sides, const Matrices found,
                               const int is_transposed) {
    BEGIN
    __global int *own = exchanges + item * plan.ints;
    Rows solution = rows + size * size;
    for (long number = first; number < last; ++number) {
        __global const int *exchanged = pivots + first_place(&places, number);
        for (long k = 0; k < size; ++k) own[k] = exchanged[k * places.row] - 1;
        load(packed + first_place(&given, number), given.row, given.column, size, size, rows);
        load(right + first_place(&sides, number), sides.row, sides.column, size, plan.columns,
             solution);
        solve_factored(rows, own, size, is_transposed, solution, plan.columns);
        store(solution, size, plan.columns, output + first_place(&found, number), found.row,
              found.column);
    }
}

__kernel void permute(__global const int *pivots, __global STORAGE *output,
                      __global int *exchanges, const Plan plan, const Matrices places,
                      const Matrices found) {
    const long item = get_global_id(0), first = item * plan.together;
    const long last = min(first + plan.together, plan.count);
    __global int *order = exchanges + item * plan.ints;
    for (long number = first; number < last; ++number) {
        __global const int *from = pivots + first_place(&places, number);
        __global STORAGE *to = output + first_place(&found, number);
        for (long i = 0; i < plan.height; ++i) order[i] = (int)i;
        for (long k = plan.width - 1; k >= 0; --k) {
            const long other = from[k * places.row] - 1;
            const int kept = order[k];
            order[k] = order[other];
            order[other] = kept;
        }
        for (long i = 0; i < plan.height; ++i)
            for (long k = 0; k < plan.height; ++k)
                to[i * found.row + k * found.column] = k == order[i];
    }
}

static void add_four_products(__global double *restrict sums, double4 factors,
                              __global const double *restrict rows, long width, long count) {
    for (long k = 0; k < count; ++k)
        sums[k] = (((sums[k] + rows[k] * factors.x) + rows[k + width] * factors.y)
                   + rows[k + 2 * width] * factors.z) + rows[k + 3 * width] * factors.w;
}

/* Makes L of a positive matrix whose columns are the rows of scratch, from the diagonal on: all
   sums of a column at once. Gives 0, or the order of the first minor that is not positive, whose
   column and all behind it stay as they are. */
static int take_root(Rows columns, Rows sums, long size) {
    for (long k = 0; k < size; ++k) {
        const long rest = size - k;
        Rows own = columns + k * size + k;
        for (long i = 0; i < rest; ++i) sums[i] = 0;
        long j = 0;
        for (; j + 4 <= k; j += 4) {
            GivenRows heads = columns + j * size + k;
            const double4 four =
                (double4)(heads[0], heads[size], heads[2 * size], heads[3 * size]);
            add_four_products(sums, four, heads, size, rest);
        }
        for (; j < k; ++j)
            add_product(sums, columns[j * size + k], columns + j * size + k, rest);
        const double pivot = own[0] - sums[0];
        if (!(pivot > 0)) return (int)k + 1;
        const double root = sqrt(pivot);
        own[0] = root;
        for (long i = 1; i < rest; ++i) own[i] = (own[i] - sums[i]) / root;
    }
    return 0;
}

/* `given` and `found` are transposed for the upper triangle. */
__kernel void factor_positive(__global const STORAGE *input, __global STORAGE *output,
                              __global int *infos, __global double *scratch, const Plan plan,
                              const Matrices given, const Matrices found) {
    BEGIN
    for (long number = first; number < last; ++number) {
        __global const STORAGE *from = input + first_place(&given, number);
        __global STORAGE *to = output + first_place(&found, number);
        for (long k = 0; k < size; ++k)
            for (long i = k; i < size; ++i)
                rows[k * size + i] = from[i * given.row + k * given.column];
        infos[number] = take_root(rows, rows + size * size, size);
        for (long k = 0; k < size; ++k)
            for (long i = 0; i < size; ++i)
                to[i * found.row + k * found.column] =
                    i < k ? (STORAGE)0 : (STORAGE)rows[k * size + i];
    }
}

static int is_odd(__global const int *pivots, long size) {
    int odd = 0;
    for (long k = 0; k < size; ++k) odd ^= pivots[k] != k;
    return odd;
}

__kernel void multiply_pivots(__global const STORAGE *input, __global STORAGE *output,
                              __global double *scratch, __global int *exchanges,
                              const Plan plan, const Matrices given, const Matrices found) {
    BEGIN
    __global int *pivots = exchanges + item * plan.ints;
    for (long number = first; number < last; ++number) {
        load(input + first_place(&given, number), given.row, given.column, size, size, rows);
        eliminate(rows, size, size, pivots);
        double product = 1;
        for (long k = 0; k < size; ++k) product *= rows[k * size + k];
        output[first_place(&found, number)] =
            (STORAGE)(is_odd(pivots, size) ? -product : product);
    }
}

/* The logarithms are added up with what their sums lose. */
__kernel void add_logarithms(__global const STORAGE *input, __global STORAGE *signs,
                             __global STORAGE *logarithms, __global double *scratch,
                             __global int *exchanges, const Plan plan, const Matrices given,
                             const Matrices of_signs, const Matrices of_logarithms) {
    BEGIN
    __global int *pivots = exchanges + item * plan.ints;
    for (long number = first; number < last; ++number) {
        load(input + first_place(&given, number), given.row, given.column, size, size, rows);
        eliminate(rows, size, size, pivots);
        int is_negative = is_odd(pivots, size), is_singular = 0;
        double sum = 0, lost = 0;
        for (long k = 0; k < size; ++k) {
            const double pivot = rows[k * size + k], term = log(fabs(pivot)), next = sum + term;
            is_singular |= pivot == 0;
            is_negative ^= signbit(pivot) != 0;
            lost += fabs(sum) >= fabs(term) ? (sum - next) + term : (term - next) + sum;
            sum = next;
        }
        if (isfinite(sum)) sum += lost;
        signs[first_place(&of_signs, number)] = is_singular ? 0 : is_negative ? -1 : 1;
        logarithms[first_place(&of_logarithms, number)] =
            (STORAGE)(is_singular ? -INFINITY : sum);
    }
}
