//! Random draws by the batch: eight interleaved xoshiro256++ generators and elementary functions in plain
//! arithmetic, so that every CPU and vector width gives the same bits.

use crate::units::{GOLDEN, Seed, finalise, mix};
use multiversion::multiversion;

/// Generators side by side; batches are multiples of this.
pub(crate) const LANES: usize = 8;

type U = [u64; LANES];

/// Eight xoshiro256++ generators (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021).
///
/// Lane i is `rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(mix(seed, i))`.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    state: [U; 4],
}

impl Lanes {
    pub(crate) fn new(seed: Seed) -> Self {
        let mut state = [[0; LANES]; 4];
        seeded(seed, &mut state);
        Lanes { state }
    }

    #[inline(always)]
    fn next(&mut self) -> U {
        let [s0, s1, s2, s3] = &mut self.state;
        let mut out = [0; LANES];
        for i in 0..LANES {
            out[i] = s0[i]
                .wrapping_add(s3[i])
                .rotate_left(23)
                .wrapping_add(s0[i]);
            let t = s1[i] << 17;
            s2[i] ^= s0[i];
            s3[i] ^= s1[i];
            s1[i] ^= s2[i];
            s0[i] ^= s3[i];
            s2[i] ^= t;
            s3[i] = s3[i].rotate_left(45);
        }
        out
    }
}

/// The state of the lanes of this seed: by SplitMix64, the seeding that the generator's authors recommend.
#[allow(unused_braces, reason = "the macro wraps the body")]
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
fn seeded(seed: Seed, state: &mut [U; 4]) {
    let mut counters: U = std::array::from_fn(|lane| mix(seed.0, lane as u64));
    for word in state {
        for (word, counter) in word.iter_mut().zip(&mut counters) {
            *counter = counter.wrapping_add(GOLDEN);
            *word = finalise(*counter);
        }
    }
}

/// Uniform in (0, 1] from the upper 52 bits of a word.
#[inline(always)]
fn unit(word: u64) -> f64 {
    2.0 - f64::from_bits(ONE | (word >> 12))
}

/// The bits of 1.0.
const ONE: u64 = 0x3FF0_0000_0000_0000;

/// 2^52: adding it to a smaller positive number leaves its nearest whole number in the mantissa.
const TWO_52: f64 = 4_503_599_627_370_496.0;

/// Adding this leaves the nearest whole number, negative or not, in the low bits of the mantissa.
const ROUNDER: f64 = TWO_52 * 1.5;

/// Natural logarithm of a normal positive number, to about 1e-14.
#[inline(always)]
fn ln(x: f64) -> f64 {
    const SQRT_HALF_BITS: u64 = 0x3FE6_A09E_667F_3BCD;
    // Shifts the split so that the mantissa lies in [sqrt(1/2), sqrt(2)).
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = ((shifted as i64) >> 52) as u64;
    let mantissa = f64::from_bits((shifted & 0x000F_FFFF_FFFF_FFFF) + SQRT_HALF_BITS);
    let exponent = f64::from_bits(ROUNDER.to_bits().wrapping_add(exponent)) - ROUNDER;
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    let series = z * (1.0 / 17.0) + 1.0 / 15.0;
    let series = series * z + 1.0 / 13.0;
    let series = series * z + 1.0 / 11.0;
    let series = series * z + 1.0 / 9.0;
    let series = series * z + 1.0 / 7.0;
    let series = series * z + 1.0 / 5.0;
    let series = series * z + 1.0 / 3.0;
    exponent * std::f64::consts::LN_2 + 2.0 * (s + s * z * series)
}

/// Exponential function on [-700, 700], to about 1e-14.
#[inline(always)]
fn exp(x: f64) -> f64 {
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = x.clamp(-700.0, 700.0);
    let rounded = x * std::f64::consts::LOG2_E + ROUNDER;
    let k = rounded - ROUNDER;
    let r = x - k * LN_2_HIGH - k * LN_2_LOW;
    let p = r * (1.0 / 6_227_020_800.0) + 1.0 / 479_001_600.0;
    let p = p * r + 1.0 / 39_916_800.0;
    let p = p * r + 1.0 / 3_628_800.0;
    let p = p * r + 1.0 / 362_880.0;
    let p = p * r + 1.0 / 40_320.0;
    let p = p * r + 1.0 / 5_040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    f64::from_bits(p.to_bits().wrapping_add(rounded.to_bits() << 52))
}

/// Sine and cosine of 2 pi u for u in (0, 1], to about 1e-12.
#[inline(always)]
fn sin_cos_turn(u: f64) -> (f64, f64) {
    // With t = 2u - 1 and a = |t| - 1/2: sin(2 pi u) = -sin(pi t), cos(2 pi u) = -cos(pi t).
    let t = 2.0 * u - 1.0;
    let a = (t.abs() - 0.5) * std::f64::consts::PI;
    let z = a * a;
    let s = z * (1.0 / 355_687_428_096_000.0) - 1.0 / 1_307_674_368_000.0;
    let s = s * z + 1.0 / 6_227_020_800.0;
    let s = s * z - 1.0 / 39_916_800.0;
    let s = s * z + 1.0 / 362_880.0;
    let s = s * z - 1.0 / 5_040.0;
    let s = s * z + 1.0 / 120.0;
    let s = s * z - 1.0 / 6.0;
    let sin_a = (s * z + 1.0) * a;
    let c = z * (1.0 / 20_922_789_888_000.0) - 1.0 / 87_178_291_200.0;
    let c = c * z + 1.0 / 479_001_600.0;
    let c = c * z - 1.0 / 3_628_800.0;
    let c = c * z + 1.0 / 40_320.0;
    let c = c * z - 1.0 / 720.0;
    let c = c * z + 1.0 / 24.0;
    let c = c * z - 0.5;
    let cos_a = c * z + 1.0;
    ((-cos_a).copysign(-t), sin_a)
}

/// The longest span a draw can give, 2^60 ns or 36 years: longer than any run that makes sense, short enough to add.
const LONGEST_NANOS: f64 = (1u64 << 60) as f64;

/// Turns every word of `out` into `span(word)` nanoseconds, rounded to the nearest, at most [`LONGEST_NANOS`].
///
/// One long loop without branches, which is what compilers turn into vector code.
#[inline(always)]
fn spans(out: &mut [u64], span: impl Fn(u64) -> f64) {
    let mut long = 0;
    for out in out.iter_mut() {
        *out = span(*out).to_bits();
        long |= is_long(*out);
    }
    whole_nanos(out, long != 0);
}

/// 1 where the number with these bits is too long for [`TWO_52`]'s trick. Numbers that are not negative order as their
/// bits do, and whole numbers compare in vectors where floats, for fear of NaN, do not.
#[inline(always)]
fn is_long(bits: u64) -> u64 {
    u64::from((bits as i64) > (TWO_52 / 2.0).to_bits() as i64)
}

/// Turns the bits of numbers that are not below 0 into whole nanoseconds.
#[inline(always)]
fn whole_nanos(out: &mut [u64], long: bool) {
    if long {
        for out in out {
            *out = (f64::from_bits(*out).min(LONGEST_NANOS) + 0.5) as u64;
        }
    } else {
        for out in out {
            *out = (f64::from_bits(*out) + TWO_52).to_bits() & 0x000F_FFFF_FFFF_FFFF;
        }
    }
}

/// Raw 64-bit words: the next of all lanes, in turn.
#[allow(unused_braces, reason = "the macro wraps the body")]
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
pub(crate) fn words(lanes: &mut Lanes, out: &mut [u64]) {
    for out in out.chunks_exact_mut(LANES) {
        out.copy_from_slice(&lanes.next());
    }
}

/// Raw 64-bit words that are known by their place: those from `from` on of SplitMix64 from this seed (Steele, Lea and
/// Flood, "Fast splittable pseudorandom number generators", 2014), for who takes only a few of a seed.
#[allow(unused_braces, reason = "the macro wraps the body")]
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
pub(crate) fn words_of(seed: u64, from: u64, out: &mut [u64]) {
    for (place, out) in (from + 1..).zip(out) {
        *out = finalise(seed.wrapping_add(place.wrapping_mul(GOLDEN)));
    }
}

/// Exponential spans of this mean, in nanoseconds, from words.
#[allow(unused_braces, reason = "the macro wraps the body")]
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
pub(crate) fn exponential(mean_nanos: f64, out: &mut [u64]) {
    spans(out, |word| -ln(unit(word)) * mean_nanos);
}

/// exp(mu + sigma × normal), in nanoseconds, by Box and Muller: two spans from a word and the one a turn of the lanes
/// after it.
#[allow(unused_braces, reason = "the macro wraps the body")]
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
pub(crate) fn lognormal(mu: f64, sigma: f64, out: &mut [u64]) {
    const PAIRS: usize = 128;
    let (mut first, mut second) = ([0u64; PAIRS], [0u64; PAIRS]);
    for out in out.chunks_mut(2 * PAIRS) {
        let pairs = out.len() / 2;
        let turns = pairs / LANES * LANES;
        let (first, second) = (&mut first[..turns], &mut second[..turns]);
        for turn in (0..turns).step_by(LANES) {
            first[turn..turn + LANES].copy_from_slice(&out[2 * turn..2 * turn + LANES]);
            second[turn..turn + LANES].copy_from_slice(&out[2 * turn + LANES..2 * (turn + LANES)]);
        }
        let mut long = 0;
        for (a, b) in first.iter_mut().zip(second.iter_mut()) {
            let radius = (-2.0 * ln(unit(*a))).sqrt() * sigma;
            let (sin, cos) = sin_cos_turn(unit(*b));
            *a = exp(mu + radius * sin).to_bits();
            *b = exp(mu + radius * cos).to_bits();
            long |= is_long(*a) | is_long(*b);
        }
        for turn in (0..turns).step_by(LANES) {
            out[2 * turn..2 * turn + LANES].copy_from_slice(&first[turn..turn + LANES]);
            out[2 * turn + LANES..2 * (turn + LANES)].copy_from_slice(&second[turn..turn + LANES]);
        }
        whole_nanos(out, long != 0);
    }
}

/// min + u × (max − min), in nanoseconds, from words.
#[allow(unused_braces, reason = "the macro wraps the body")]
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
pub(crate) fn uniform(min: f64, max: f64, out: &mut [u64]) {
    spans(out, |word| max - unit(word) * (max - min));
}

/// Pareto from `scale`, conditioned to a survival probability of at least `kept_from`, in nanoseconds, from words.
#[allow(unused_braces, reason = "the macro wraps the body")]
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
pub(crate) fn pareto(scale: f64, shape: f64, kept_from: f64, out: &mut [u64]) {
    spans(out, |word| {
        scale * exp(-ln(kept_from + unit(word) * (1.0 - kept_from)) / shape)
    });
}

/// scale × (−ln u)^(1 / shape), in nanoseconds, from words.
#[allow(unused_braces, reason = "the macro wraps the body")]
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
pub(crate) fn weibull(scale: f64, shape: f64, out: &mut [u64]) {
    spans(out, |word| {
        // u = 1 gives a span of 0, whose logarithm does not exist.
        let span = -ln(unit(word));
        let span = if span > f64::MIN_POSITIVE {
            span
        } else {
            f64::MIN_POSITIVE
        };
        scale * exp(ln(span) / shape)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::Xoshiro256PlusPlus;
    use rand_xoshiro::rand_core::{Rng, SeedableRng};

    #[test]
    fn every_lane_is_the_published_generator() {
        let mut lanes = Lanes::new(Seed(7));
        let mut published: Vec<_> = (0..LANES)
            .map(|lane| Xoshiro256PlusPlus::seed_from_u64(mix(7, lane as u64)))
            .collect();
        for _ in 0..100 {
            let expected: Vec<u64> = published.iter_mut().map(|lane| lane.next_u64()).collect();
            assert_eq!(lanes.next().to_vec(), expected);
        }
    }

    #[test]
    fn words_of_a_seed_are_the_published_generator() {
        // SplitMix64 from 1234567, as its authors' reference prints it.
        let mut out = [0; 5];
        words_of(1_234_567, 0, &mut out);
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(out, published);
        words_of(1_234_567, 3, &mut out[..2]);
        assert_eq!(out[..2], published[3..]);
    }

    #[test]
    fn elementary_functions_are_as_exact_as_they_say() {
        for i in 1..=20_000 {
            let u = f64::from(i) / 20_000.0;
            assert!(
                (ln(u) - u.ln()).abs() <= 1e-14 * u.ln().abs().max(1.0),
                "ln {u}"
            );
            let x = (u - 0.5) * 1_300.0;
            assert!((exp(x) / x.exp() - 1.0).abs() < 2e-13, "exp {x}");
            let (sin, cos) = sin_cos_turn(u);
            let angle = u * std::f64::consts::TAU;
            assert!(
                (sin - angle.sin()).abs() < 1e-11 && (cos - angle.cos()).abs() < 1e-11,
                "{u}"
            );
        }
        assert!((ln(2f64.powi(-52)) + 52.0 * std::f64::consts::LN_2).abs() < 1e-13);
        assert_eq!(ln(1.0), 0.0);
    }
}
