//! Decimal text to nanoseconds, without a float in between.

use crate::units::SimTime;

/// Digits beyond these cannot reach a nanosecond, nor 64 bits of them.
const DIGITS: usize = 30;

/// Seconds as decimal text, with an exponent or not, to whole nanoseconds, half up.
/// None when it is no such number, is negative, or exceeds 584 years.
pub(super) fn seconds(text: &str) -> Option<SimTime> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let digits: String = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(SimTime::ZERO);
    }
    // The value is 0.d1d2d3… × 10^point seconds; the first `kept` digits are whole nanoseconds.
    let point = digits.len() as i64 - fraction.len() as i64 + i64::from(exponent);
    let kept = usize::try_from(point + 9).ok();
    let digit = |i: usize| digits.as_bytes().get(i).map_or(0, |b| u64::from(b - b'0'));
    let Some(kept) = kept else {
        return Some(SimTime::ZERO);
    };
    if kept > DIGITS {
        return None;
    }
    let nanos = (0..kept).try_fold(0u64, |sum, i| sum.checked_mul(10)?.checked_add(digit(i)))?;
    nanos
        .checked_add(u64::from(digit(kept) >= 5))
        .map(SimTime::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimal_seconds_are_exact_to_the_nanosecond() {
        for (text, nanos) in [
            ("0", 0),
            ("0.000000001", 1),
            ("1655071198.444458", 1_655_071_198_444_458_000),
            ("1521911720.123456789", 1_521_911_720_123_456_789),
            ("0.09628199999999865", 96_282_000),
            ("9.5e-05", 95_000),
            ("1E3", 1_000_000_000_000),
            ("0.0000000004", 0),
            ("0.0000000005", 1),
            ("00012.5", 12_500_000_000),
            (".5", 500_000_000),
            ("1e-99", 0),
            ("18446744073.709551615", u64::MAX),
        ] {
            assert_eq!(seconds(text), Some(SimTime::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_of_seconds_is_refused() {
        for text in [
            "",
            "-",
            "-1",
            "+1",
            ".",
            "1.2.3",
            "1e",
            "1 s",
            "nan",
            "inf",
            "4m",
            "0x10",
            "18446744074",
            "1e99",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_nanosecond_survives_the_way_through_text(nanos: u64) {
            let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
            prop_assert_eq!(seconds(&text), Some(SimTime::from_nanos(nanos)));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9.eE+-]{0,40}") {
            seconds(&text);
        }
    }
}
