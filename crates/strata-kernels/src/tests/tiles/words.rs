//! Random words for comparisons of units: numbers of many magnitudes, and special values.

use crate::tests::support::Random;

/// What the numbers are like.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// From -1 to 1.
    Unit,
    /// From 2^-40 to 2^40.
    Magnitudes,
    /// All finite ones, so that many products overflow or vanish.
    Finite,
    /// All bits, so that some numbers are infinite or NaN.
    Bits,
    /// Products near the smallest normal number.
    Tiny,
    /// Products near the largest number.
    Huge,
    /// A few numbers that cancel each other out.
    Few,
    /// Mostly from -1 to 1, with some [`SPECIAL`] ones among them.
    Specials,
    /// Products ±2^-126, and some that change them by a unit in the last place or less.
    Borderline,
    /// Zeros, mostly of the same sign.
    Zeros,
}

/// As the upper halves of f32: ±0, the smallest and the largest subnormal and normal number,
/// infinite, and NaN.
const SPECIAL: [u32; 12] = [
    0x0000, 0x8000, 0x0001, 0x807f, 0x0080, 0x8080, 0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7fc0, 0xffa0,
];

impl Kind {
    pub const ALL: [Self; 10] = [
        Self::Unit,
        Self::Magnitudes,
        Self::Finite,
        Self::Bits,
        Self::Tiny,
        Self::Huge,
        Self::Few,
        Self::Specials,
        Self::Borderline,
        Self::Zeros,
    ];

    /// A word of two bf16 numbers.
    pub fn word(self, random: &mut Random) -> u32 {
        self.factor(random) >> 16 | self.factor(random) & 0xffff_0000
    }

    /// A factor, in the upper half of the word.
    fn factor(self, random: &mut Random) -> u32 {
        match self {
            Self::Unit => random.number().to_bits(),
            Self::Magnitudes => any(random, 87, 167),
            Self::Finite => any(random, 0, 254),
            Self::Bits => random.bits(),
            Self::Tiny => any(random, 55, 73),
            Self::Huge => any(random, 187, 191),
            Self::Few => {
                let few = [0.0, -0.0, 1.0, -1.0, 1.0078125, -1.0078125, 3e-5, -3e-5_f32];
                few[random.below(few.len())].to_bits()
            }
            Self::Specials if random.below(200) == 0 => SPECIAL[random.below(SPECIAL.len())] << 16,
            Self::Specials => random.number().to_bits(),
            Self::Borderline => match random.below(8) {
                0..5 => any(random, 0, 0),
                5 => (random.bits() & 1 << 31) | (127 - 63) << 23,
                _ => any(random, 49, 54),
            },
            Self::Zeros => u32::from(random.below(50) == 0) << 31,
        }
    }

    /// A sum so far.
    pub fn sum(self, random: &mut Random) -> u32 {
        match self {
            Self::Unit | Self::Few => random.number().to_bits(),
            Self::Magnitudes => any(random, 47, 207),
            Self::Finite => any(random, 0, 254),
            Self::Bits => random.bits(),
            Self::Tiny => any(random, 0, 20),
            Self::Huge => any(random, 250, 254),
            Self::Specials => match random.below(4) {
                0 => SPECIAL[random.below(SPECIAL.len())] << 16,
                _ => random.number().to_bits(),
            },
            Self::Borderline => match random.below(3) {
                0 => random.bits() & 1 << 31,
                _ => any(random, 0, 2),
            },
            Self::Zeros => random.bits() & 1 << 31,
        }
    }
}

/// The bits of a number whose exponent is from `first` to `last`, plus 127.
fn any(random: &mut Random, first: usize, last: usize) -> u32 {
    (random.between(first, last) as u32) << 23 | random.bits() & 0x807f_ffff
}
