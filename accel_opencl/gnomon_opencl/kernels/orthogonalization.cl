/* QR by Householder's reflections, eigenvalues and singular values by Jacobi's rotations, and
   exponentials, in doubles whatever the matrices are of, step by step as
   gnomon.composite.linalg.rotations and exponentials have it. Inner products are as exact as if
   they were rounded once, as theirs are: where values are equal, or nearly so, the signs and
   the order of vectors depend on the last bit. */

#define EPSILON 0x1p-53
/* Jacobi's methods converge quadratically; 6 to 10 sweeps are usual. */
#define SWEEPS 60
/* Squares of numbers between this and one over it are doubles. */
#define LEAST 0x1p-400

/* Adds `term` to a sum, and what that loses to `lost`. */
#define ADD(sum, lost, term) { \
    const double next = sum + (term), part = next - sum; \
    lost += (sum - (next - part)) + ((term) - part); \
    sum = next; \
}

static double inner_product(GivenRows x, GivenRows y, long count) {
    double sum = 0, lost = 0;
    long k = 0;
    if (count >= 8) {
        double4 sums = 0, losses = 0;
        for (; k + 4 <= count; k += 4) {
            const double4 term = vload4(0, x + k) * vload4(0, y + k);
            const double4 next = sums + term, part = next - sums;
            losses += (sums - (next - part)) + (term - part);
            sums = next;
        }
        sum = sums.x;
        ADD(sum, lost, sums.y)
        ADD(sum, lost, sums.z)
        ADD(sum, lost, sums.w)
        lost += (losses.x + losses.y) + (losses.z + losses.w);
    }
    for (; k < count; ++k) {
        const double term = x[k] * y[k];
        ADD(sum, lost, term)
    }
    return isfinite(sum) ? sum + lost : sum;
}

/* The length of a vector, whose squares may be beyond what a double holds. */
static double length_of(GivenRows vector, long count) {
    double largest = 0;
    for (long k = 0; k < count; ++k) largest = fmax(largest, fabs(vector[k]));
    if (isinf(largest)) return INFINITY; /* beside NaN too */
    if ((largest > LEAST && largest < 1 / LEAST) || largest == 0)
        return sqrt(inner_product(vector, vector, count));
    double sum = 0;
    for (long k = 0; k < count; ++k) sum += (vector[k] / largest) * (vector[k] / largest);
    return largest * sqrt(sum);
}

/* Makes of a vector its reflection, 1 - factor v v^T, for the v of a reflector. */
static void reflect(Rows vector, GivenRows reflector, double factor, long count) {
    subtract(vector, factor * inner_product(reflector, vector, count), reflector, count);
}

/* Leaves in columns, which are the rows of scratch, R on and above the diagonal, and below it
   the reflectors, of which each begins with 1 on the diagonal; the factor 0 stands for none. */
static void triangularize_columns(Rows columns, Rows factors, long height, long width) {
    for (long k = 0; k < min(height, width); ++k) {
        const long count = height - k;
        Rows own = columns + k * height + k;
        int is_done = 1;
        for (long i = 1; i < count; ++i) is_done &= own[i] == 0;
        factors[k] = 0;
        if (is_done) continue;
        const double head = own[0], length = -copysign(length_of(own, count), head);
        factors[k] = (length - head) / length;
        own[0] = 1;
        for (long i = 1; i < count; ++i) own[i] /= head - length;
        for (long other = k + 1; other < width; ++other)
            reflect(columns + other * height + k, own, factors[k], count);
        own[0] = length;
    }
}

static void store_triangle(GivenRows columns, long height, long width, __global STORAGE *to,
                           const Matrices *found, long count) {
    for (long k = 0; k < width; ++k)
        for (long i = 0; i < count; ++i)
            to[i * found->row + k * found->column] =
                i > k ? (STORAGE)0 : (STORAGE)columns[k * height + i];
}

__kernel void triangularize(__global const STORAGE *input, __global STORAGE *triangles,
                            __global double *scratch, const Plan plan, const Matrices given,
                            const Matrices found) {
    BEGIN
    Rows factors = rows + size * plan.width;
    for (long number = first; number < last; ++number) {
        load(input + first_place(&given, number), given.column, given.row, plan.width, size,
             rows);
        triangularize_columns(rows, factors, size, plan.width);
        store_triangle(rows, size, plan.width, triangles + first_place(&found, number), &found,
                       min(size, plan.width));
    }
}

/* Q is as wide as there are columns of the plan, and R as high. */
__kernel void factor_orthogonally(__global const STORAGE *input, __global STORAGE *bases,
                                  __global STORAGE *triangles, __global double *scratch,
                                  const Plan plan, const Matrices given, const Matrices basis,
                                  const Matrices triangle) {
    BEGIN
    const long least = min(size, plan.width);
    Rows factors = rows + size * plan.width, vector = factors + plan.width;
    for (long number = first; number < last; ++number) {
        load(input + first_place(&given, number), given.column, given.row, plan.width, size,
             rows);
        triangularize_columns(rows, factors, size, plan.width);
        store_triangle(rows, size, plan.width, triangles + first_place(&triangle, number),
                       &triangle, plan.columns);
        for (long k = 0; k < least; ++k) rows[k * size + k] = 1;
        for (long column = 0; column < plan.columns; ++column) {
            for (long i = 0; i < size; ++i) vector[i] = i == column;
            /* Reflections of what is below the column leave it. */
            for (long k = min(column, least - 1); k >= 0; --k)
                if (factors[k] != 0)
                    reflect(vector + k, rows + k * size + k, factors[k], size - k);
            store(vector, 1, size,
                  bases + first_place(&basis, number) + column * basis.column, 0, basis.row);
        }
    }
}

__kernel void pack_reflectors(__global const STORAGE *input, __global STORAGE *packed,
                              __global STORAGE *output, __global double *scratch,
                              const Plan plan, const Matrices given, const Matrices found,
                              const Matrices places) {
    BEGIN
    Rows factors = rows + size * plan.width;
    for (long number = first; number < last; ++number) {
        load(input + first_place(&given, number), given.column, given.row, plan.width, size,
             rows);
        triangularize_columns(rows, factors, size, plan.width);
        store(rows, plan.width, size, packed + first_place(&found, number), found.column,
              found.row);
        store(factors, min(size, plan.width), 1, output + first_place(&places, number),
              places.row, 0);
    }
}

/* Cosine and sine of what diagonalizes [[alpha, beta], [beta, gamma]]. */
static double2 rotation_of(double alpha, double beta, double gamma) {
    const double tau = (gamma - alpha) / (2 * beta);
    const double tangent = copysign(1.0, tau) / (fabs(tau) + sqrt(1 + tau * tau));
    const double cosine = 1 / sqrt(1 + tangent * tangent);
    return (double2)(cosine, tangent * cosine);
}

static void rotate_rows(__global double *restrict x, __global double *restrict y,
                        double2 rotation, long count) {
    for (long k = 0; k < count; ++k) {
        const double one = x[k], other = y[k];
        x[k] = rotation.x * one - rotation.y * other;
        y[k] = rotation.y * one + rotation.x * other;
    }
}

/* Rotates rows and columns p and q of a symmetric matrix so that they meet in 0. */
static void rotate_symmetric(Rows rows, long p, long q, double2 rotation, long size) {
    Rows x = rows + p * size, y = rows + q * size;
    rotate_rows(x, y, rotation, size);
    const double first = rotation.x * x[p] - rotation.y * x[q];
    const double second = rotation.y * y[p] + rotation.x * y[q];
    for (long i = 0; i < size; ++i) {
        rows[i * size + p] = x[i];
        rows[i * size + q] = y[i];
    }
    x[p] = first;
    y[q] = second;
    x[q] = y[p] = 0;
}

/* Finds the order of ascending keys, in which equal ones stay as they are. */
static void sort_keys(GivenRows keys, long count, __global int *order) {
    for (long k = 0; k < count; ++k) {
        long place = k;
        for (; place > 0 && keys[order[place - 1]] > keys[k]; --place)
            order[place] = order[place - 1];
        order[place] = (int)k;
    }
}

static void write_identity(Rows rows, long size) {
    for (long i = 0; i < size; ++i)
        for (long k = 0; k < size; ++k) rows[i * size + k] = i == k;
}

/* The rows of `vectors` become the eigenvectors. */
static void diagonalize_rows(Rows rows, Rows vectors, long size) {
    write_identity(vectors, size);
    int is_rotated = 1;
    for (int sweep = 0; is_rotated && sweep < SWEEPS; ++sweep) {
        is_rotated = 0;
        for (long p = 0; p < size - 1; ++p)
            for (long q = p + 1; q < size; ++q) {
                const double alpha = rows[p * size + p], gamma = rows[q * size + q];
                const double beta = rows[p * size + q];
                if (!(fabs(beta) > EPSILON * sqrt(fabs(alpha)) * sqrt(fabs(gamma)))) continue;
                is_rotated = 1;
                const double2 rotation = rotation_of(alpha, beta, gamma);
                rotate_symmetric(rows, p, q, rotation, size);
                rotate_rows(vectors + p * size, vectors + q * size, rotation, size);
            }
    }
}

/* The lower triangle is read, of `given`, which is transposed for the upper one. */
__kernel void diagonalize(__global const STORAGE *input, __global STORAGE *values,
                          __global STORAGE *output, __global double *scratch,
                          __global int *orders, const Plan plan, const Matrices given,
                          const Matrices places, const Matrices found) {
    BEGIN
    __global int *order = orders + item * plan.ints;
    Rows vectors = rows + size * size, keys = vectors + size * size;
    for (long number = first; number < last; ++number) {
        __global const STORAGE *from = input + first_place(&given, number);
        int is_finite = 1;
        for (long i = 0; i < size; ++i)
            for (long k = 0; k <= i; ++k) {
                const double value = from[i * given.row + k * given.column];
                is_finite &= isfinite(value) != 0;
                rows[i * size + k] = rows[k * size + i] = value;
            }
        if (is_finite) diagonalize_rows(rows, vectors, size);
        for (long k = 0; k < size; ++k) keys[k] = is_finite ? rows[k * size + k] : NAN;
        sort_keys(keys, size, order);
        __global STORAGE *numbers = values + first_place(&places, number);
        __global STORAGE *to = output + first_place(&found, number);
        for (long k = 0; k < size; ++k) {
            numbers[k * places.row] = (STORAGE)keys[order[k]];
            for (long i = 0; i < size; ++i)
                to[i * found.row + k * found.column] =
                    is_finite ? (STORAGE)vectors[order[k] * size + i] : (STORAGE)NAN;
        }
    }
}

/* Rotates columns, which are rows of scratch, until they are orthogonal, and the identity. */
static void orthogonalize(Rows columns, Rows right, Rows squares, long height, long width) {
    write_identity(right, width);
    int is_rotated = 1;
    for (int sweep = 0; is_rotated && sweep < SWEEPS; ++sweep) {
        is_rotated = 0;
        for (long k = 0; k < width; ++k) {
            GivenRows column = columns + k * height;
            squares[k] = inner_product(column, column, height);
        }
        for (long p = 0; p < width - 1; ++p)
            for (long q = p + 1; q < width; ++q) {
                Rows x = columns + p * height, y = columns + q * height;
                const double product = inner_product(x, y, height);
                const double bound = 4 * EPSILON * sqrt(squares[p]) * sqrt(squares[q]);
                if (fabs(product) <= bound) continue;
                is_rotated = 1;
                const double2 rotation = rotation_of(squares[p], product, squares[q]);
                rotate_rows(x, y, rotation, height);
                rotate_rows(right + p * width, right + q * width, rotation, width);
                squares[p] = inner_product(x, x, height);
                squares[q] = inner_product(y, y, height);
            }
    }
}

/* Makes rows of the first `found` orthonormal ones into `wanted`, from the units in order. */
static void complete(Rows basis, long found, long wanted, long height) {
    for (long unit = 0; unit < height && found < wanted; ++unit) {
        Rows own = basis + found * height;
        for (long i = 0; i < height; ++i) own[i] = i == unit;
        /* Twice is enough: what the first pass leaves of the others is rounding error. */
        for (int pass = 0; pass < 2; ++pass)
            for (long k = 0; k < found; ++k)
                reflect(own, basis + k * height, 1, height);
        const double length = length_of(own, height);
        /* Of the units, some keeps at least 1 / sqrt(height) of its length. */
        if (!(length > 0.5 / sqrt((double)height))) continue;
        for (long i = 0; i < height; ++i) own[i] /= length;
        ++found;
    }
}

static void store_nan(__global STORAGE *to, long height, long width, const Matrices *found) {
    for (long i = 0; i < height; ++i)
        for (long k = 0; k < width; ++k)
            to[i * found->row + k * found->column] = (STORAGE)NAN;
}

/* Matrices are no wider than high; U has as many columns as the plan, V as the matrix. */
__kernel void take_singular_values(__global const STORAGE *input, __global STORAGE *lefts,
                                   __global STORAGE *values, __global STORAGE *rights,
                                   __global int *infos, __global double *scratch,
                                   __global int *orders, const Plan plan, const Matrices given,
                                   const Matrices left, const Matrices places,
                                   const Matrices right) {
    BEGIN
    const long width = plan.width;
    __global int *order = orders + item * plan.ints;
    Rows rotated = rows + width * size, keys = rotated + width * width, basis = keys + width;
    for (long number = first; number < last; ++number) {
        __global STORAGE *to_left = lefts + first_place(&left, number);
        __global STORAGE *numbers = values + first_place(&places, number);
        __global STORAGE *to_right = rights + first_place(&right, number);
        load(input + first_place(&given, number), given.column, given.row, width, size, rows);
        int is_finite = 1;
        double largest = 0;
        for (long k = 0; k < width * size; ++k) {
            is_finite &= isfinite(rows[k]) != 0;
            largest = fmax(largest, fabs(rows[k]));
        }
        infos[number] = !is_finite;
        if (!is_finite) {
            store_nan(to_left, size, plan.columns, &left);
            store_nan(numbers, width, 1, &places);
            store_nan(to_right, width, width, &right);
            continue;
        }
        const int is_even = (largest > LEAST && largest < 1 / LEAST) || largest == 0;
        const double unit = is_even ? 1 : largest;
        for (long k = 0; !is_even && k < width * size; ++k) rows[k] /= unit;
        orthogonalize(rows, rotated, keys, size, width);
        for (long k = 0; k < width; ++k) keys[k] = -length_of(rows + k * size, size);
        sort_keys(keys, width, order);
        long found = 0;
        const double cutoff = width ? -keys[order[0]] * EPSILON : 0;
        for (; found < width && -keys[order[found]] > cutoff; ++found)
            for (long i = 0; i < size; ++i)
                basis[found * size + i] = rows[order[found] * size + i] / -keys[order[found]];
        complete(basis, found, plan.columns, size);
        store(basis, plan.columns, size, to_left, left.column, left.row);
        for (long k = 0; k < width; ++k) {
            numbers[k * places.row] = (STORAGE)(-keys[order[k]] * unit);
            store(rotated + order[k] * width, 1, width, to_right + k * right.row, 0,
                  right.column);
        }
    }
}

static void multiply(Rows product, GivenRows left, GivenRows right, long size) {
    for (long i = 0; i < size; ++i) {
        Rows own = product + i * size;
        for (long k = 0; k < size; ++k) own[k] = 0;
        for (long k = 0; k < size; ++k)
            add_product(own, left[i * size + k], right + k * size, size);
    }
}

/* Taylor's series of a matrix whose norm is made at most 1/2, squared as often as it was
   halved: 16 terms leave less than 2**-60 of the sum. */
__kernel void exponentiate(__global const STORAGE *input, __global STORAGE *output,
                           __global double *scratch, const Plan plan, const Matrices given,
                           const Matrices found) {
    BEGIN
    const long count = size * size;
    for (long number = first; number < last; ++number) {
        __global STORAGE *to = output + first_place(&found, number);
        Rows total = rows + count, term = total + count, product = term + count;
        load(input + first_place(&given, number), given.row, given.column, size, size, rows);
        double norm = 0;
        for (long i = 0; i < size; ++i) {
            double sum = 0;
            for (long k = 0; k < size; ++k) sum += fabs(rows[i * size + k]);
            if (i == 0 || sum > norm) norm = sum;
        }
        if (!(norm < INFINITY)) {
            store_nan(to, size, size, &found);
            continue;
        }
        int exponent;
        frexp(norm, &exponent);
        const int halvings = max(0, exponent + 1);
        for (long k = 0; k < count; ++k) rows[k] = ldexp(rows[k], -halvings);
        write_identity(total, size);
        write_identity(term, size);
        for (int divisor = 1; divisor <= 16; ++divisor) {
            multiply(product, term, rows, size);
            for (long k = 0; k < count; ++k) {
                term[k] = product[k] / divisor;
                total[k] += term[k];
            }
        }
        for (int halving = 0; halving < halvings; ++halving) {
            multiply(product, total, total, size);
            Rows kept = total;
            total = product;
            product = kept;
        }
        store(total, size, size, to, found.row, found.column);
    }
}
