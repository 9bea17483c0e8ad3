//! Seeds: every random stream of a run is derived from one number and the stream's own name.

/// The seed of a run or of one stream in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed of the stream that `parts` name under this one; a pure function of both.
    pub fn stream(self, parts: &[u64]) -> Seed {
        Seed(parts.iter().fold(self.0, |state, part| mix(state, *part)))
    }
}

/// A well mixed 64-bit hash of two words (two rounds of SplitMix64's finaliser).
#[inline]
pub const fn mix(a: u64, b: u64) -> u64 {
    finalise(finalise(a.wrapping_add(GOLDEN)) ^ b.wrapping_mul(GOLDEN).wrapping_add(GOLDEN))
}

/// What SplitMix64 counts by: 2^64 over the golden ratio.
pub(crate) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64.
#[inline(always)]
pub(crate) const fn finalise(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_every_part_and_by_order() {
        let seeds =
            [&[1, 2][..], &[2, 1], &[1], &[1, 2, 0], &[0]].map(|parts| Seed(7).stream(parts));
        for (i, a) in seeds.iter().enumerate() {
            for b in &seeds[i + 1..] {
                assert_ne!(a, b);
            }
        }
    }
}
