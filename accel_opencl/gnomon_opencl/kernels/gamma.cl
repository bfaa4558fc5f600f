/* The logarithm of the gamma function, its derivatives and the Hurwitz zeta function, one element
   at a time, in the widest floating type of the device, real. Formulas, tables and their
   sources: gnomon.special_functions.gamma. */

/* (-1)^k (zeta(k) - 1) / k for k = 2, 3, ..., and zeros. */
__constant real LOG_GAMMA_AT_2[32] = {
    (real)0.3224670334241132, (real)-0.0673523010531981, (real)0.020580808427784546,
    (real)-0.007385551028673986, (real)0.0028905103307415234, (real)-0.001192753911703261,
    (real)0.0005096695247430425, (real)-0.00022315475845357936, (real)9.945751278180853e-05,
    (real)-4.492623673813314e-05, (real)2.0507212775670694e-05, (real)-9.439488275268395e-06,
    (real)4.374866789907487e-06, (real)-2.039215753801366e-06, (real)9.55141213040742e-07,
    (real)-4.492469198764566e-07, (real)2.1207184805554667e-07, (real)-1.00432248239681e-07,
    (real)4.769810169363981e-08, (real)-2.2711094608943164e-08, (real)1.0838659214896955e-08,
    (real)-5.183475041970047e-09, (real)2.4836745438024785e-09, (real)-1.1921401405860912e-09,
    (real)5.731367241678862e-10, (real)-2.7595228851242334e-10, (real)1.3304764374244491e-10,
    (real)-6.422964563838101e-11, (real)3.104424774732227e-11, (real)-1.5021384080754142e-11,
    (real)0.0, (real)0.0,
};
/* Terms of series that matter: to elements that are doubles, all. */
#if IS_FLOATING && !IS_DOUBLE
#define TERMS_AT_2 16
#define STIRLING_TERMS 5
#else
#define TERMS_AT_2 32
#define STIRLING_TERMS 9
#endif
__constant real TAYLOR_AT_ROOT[40] = {
    (real)0.9676722454476212, (real)-0.4427631689835921, (real)0.258499760955651,
    (real)-0.16394270544240652, (real)0.10782405069126237, (real)-0.07219956125645471,
    (real)0.04880428816414311, (real)-0.03316112647484736, (real)0.022597648232218104,
    (real)-0.01542476590494896, (real)0.010538791616612175, (real)-0.007204534386356869,
    (real)0.004926781395729853, (real)-0.003369801655439328, (real)0.002305126326734928,
    (real)-0.0015769367714301972, (real)0.0010788252019162967, (real)-0.0007380709389960052,
    (real)0.000504953265834602, (real)-0.0003454680251063077, (real)0.00023635601564027053,
    (real)-0.00016170622091974803, (real)0.0001106337276874741, (real)-7.569179582195066e-05,
    (real)5.178575795222081e-05, (real)-3.5430070947659604e-05, (real)2.424006611860132e-05,
    (real)-1.6584242271854135e-05, (real)1.134638458466385e-05, (real)-7.762817668462094e-06,
    (real)5.3110609208898636e-06, (real)-3.6336507898010456e-06, (real)2.486022733129538e-06,
    (real)-1.7008538854332607e-06, (real)1.1636675363548843e-06, (real)-7.96142543124197e-07,
    (real)5.446941930669446e-07, (real)-3.7266161283438227e-07, (real)2.549626552021554e-07,
    (real)-1.7443695117727745e-07,
};
__constant real STIRLING[9] = {
    (real)0.08333333333333333, (real)-0.002777777777777778, (real)0.0007936507936507937,
    (real)-0.0005952380952380953, (real)0.0008417508417508417, (real)-0.0019175269175269176,
    (real)0.00641025641025641, (real)-0.029550653594771242, (real)0.17964437236883057,
};
__constant real DIGAMMA_ASYMPTOTIC[9] = {
    (real)0.08333333333333333, (real)-0.008333333333333333, (real)0.003968253968253968,
    (real)-0.004166666666666667, (real)0.007575757575757576, (real)-0.021092796092796094,
    (real)0.08333333333333333, (real)-0.4432598039215686, (real)3.0539543302701198,
};
__constant real EULER_MACLAURIN[12] = {
    (real)0.08333333333333333, (real)-0.001388888888888889, (real)3.306878306878307e-05,
    (real)-8.267195767195768e-07, (real)2.08767569878681e-08, (real)-5.284190138687493e-10,
    (real)1.3382536530684679e-11, (real)-3.3896802963225827e-13, (real)8.586062056277845e-15,
    (real)-2.174868698558062e-16, (real)5.5090028283602295e-18, (real)-1.3954464685812522e-19,
};

static bool is_whole(real x) { return x == floor(x); }

static real sine_of_turns(real x) { return isinf(x) ? (real)NAN : sinpi(x); }

/* log Gamma(2 + t) for |t| <= 1/2. Every fourth term is added up apart, for the terms wait less
   for each other. */
static real log_gamma_around_2(real t) {
    const real square = t * t, fourth = square * square;
    real sums[4] = {0, 0, 0, 0};
#pragma unroll
    for (int k = TERMS_AT_2 - 4; k >= 0; k -= 4)
        for (int each = 0; each < 4; ++each)
            sums[each] = sums[each] * fourth + LOG_GAMMA_AT_2[k + each];
    const real series = (sums[0] + sums[1] * t) + (sums[2] + sums[3] * t) * square;
    return t * ((real)0.42278433509846713 + t * series);
}

/* log Gamma(x) for x >= -1/2. */
static real log_gamma_right(real x) {
    if (x < (real)0.5) return log_gamma_around_2(x) - log1p(x) - log(fabs(x));
    if (x < (real)1.5) return log_gamma_around_2(x - 1) - log1p(x - 1);
    if (x < 12) {
        real product = 1;
        while (x > (real)2.5) {
            x -= 1;
            product *= x;
        }
        return log(product) + log_gamma_around_2(x - 2);
    }
    const real inverse = 1 / x, squared = inverse * inverse;
    real series = 0;
    for (int k = STIRLING_TERMS - 1; k >= 0; --k) series = series * squared + STIRLING[k];
    return (x - (real)0.5) * (log(x) - 1) + ((real)0.4189385332046728 + series * inverse);
}

static real log_gamma(real x) {
    if (isnan(x)) return x;
    if (isinf(x) || (x <= 0 && is_whole(x))) return INFINITY;
    if (x >= (real)-0.5) return log_gamma_right(x);
    return (real)1.1447298858494002 - log(fabs(x * sine_of_turns(x))) - log_gamma_right(-x);
}

static real multivariate_log_gamma(real x, real dimension) {
    dimension = trunc(dimension);
    real total = (real)0.25 * dimension * (dimension - 1) * (real)1.1447298858494002;
    for (int j = 0; j < (int)dimension; ++j) total += log_gamma(x - (real)0.5 * j);
    return total;
}

static real digamma_around_root(real x) {
    const real t = (x - (real)1.4616321449683622) - (real)9.549995429965697e-17;
    real series = 0;
    for (int k = 39; k >= 0; --k) series = series * t + TAYLOR_AT_ROOT[k];
    return series * t;
}

/* cot(pi x) for x not an integer. */
static real cotangent_of_turns(real x) {
    const real reduced = x - rint(x);
    const real pi = (real)3.141592653589793;
    if (fabs(reduced) <= (real)0.25) return 1 / tan(pi * reduced);
    return copysign(tan(pi * ((real)0.5 - fabs(reduced))), reduced);
}

/* digamma(x) for x > 0. */
static real digamma_right(real x) {
    if (x < 1) return digamma_around_root(x + 1) - 1 / x;
    if (x < 10) {
        real reciprocals = 0;
        while (x > 2) {
            x -= 1;
            reciprocals += 1 / x;
        }
        return digamma_around_root(x) + reciprocals;
    }
    if (isinf(x)) return x;
    real series = 0;
    for (int k = 8; k >= 0; --k) series = (series + DIGAMMA_ASYMPTOTIC[k]) / x / x;
    return log(x) - ((real)0.5 / x + series);
}

static real digamma(real x) {
    if (isnan(x)) return x;
    if (x == 0) return copysign((real)INFINITY, -x);
    if (x > 0) return digamma_right(x);
    if (isinf(x) || is_whole(x)) return NAN;
    if (x > (real)-0.5) return digamma_right(1 + x) - 1 / x;
    return digamma_right(1 - x) - (real)3.141592653589793 * cotangent_of_turns(x);
}

/* base^-s, times exp(shift) where the power alone would leave the range. */
static real decayed(real base, real s, real shift) {
    return shift == 0 ? pow(base, -s) : exp(shift - s * log(base));
}

/* The sum of (q + k)^-s for s > 1 and q > 0: ten terms, then Euler and Maclaurin's formula. */
static real zeta_right(real s, real q, real shift) {
    const real first = decayed(q, s, shift);
    if (isinf(s) || isinf(q) || isinf(first)) return first;
    const real end = q + 10;
    const real scale = decayed(end, s, shift);
    real tail = 0, factor = scale * s / end;
    if (scale != 0) {  /* else the tail is 0, but its factors may overflow */
        for (int k = 0; k < 12; ++k) {
            tail += factor * EULER_MACLAURIN[k];
            factor *= (s + 2 * k + 1) / end * ((s + 2 * k + 2) / end);
        }
    }
    /* The integral may be far from 0 where each term underflows. */
    real total = tail + (real)0.5 * scale + decayed(end, s - 1, shift) / (s - 1);
    for (int k = 9; k > 0; --k) total += decayed(q + k, s, shift);
    return total + first;
}

static real shifted_zeta(real s, real q, real shift) {
    if (isnan(s) || isnan(q) || s < 1) return NAN;
    if (s == 1 || (q <= 0 && (isinf(q) || is_whole(q)))) return INFINITY;
    if (q > 0) return zeta_right(s, q, shift);
    if (isinf(s) || !is_whole(s)) return NAN;
    const real mirrored = zeta_right(s, ceil(q) - q, shift) - zeta_right(s, 1 - q, shift);
    const real right = zeta_right(s, q - floor(q), shift);
    return fmod(s, (real)2) != 0 ? right - mirrored : right + mirrored;
}

static real hurwitz_zeta(real s, real q) { return shifted_zeta(s, q, 0); }

static real polygamma(real order, real x) {
    order = trunc(order);
    if (order == 0) return digamma(x);
    real magnitude;
    if (order <= LARGEST_FACTORIAL) {
        real factorial = 1;
        for (int k = 2; k <= (int)order; ++k) factorial *= k;
        magnitude = factorial * shifted_zeta(order + 1, x, 0);
    } else {
        magnitude = shifted_zeta(order + 1, x, log_gamma(order + 1));
    }
    return fmod(order, (real)2) != 0 ? magnitude : -magnitude;
}
