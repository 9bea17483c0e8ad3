//! Durations as people write them: one or more of number + unit, in falling order.

use super::SimTime;

/// Units in falling order, with their nanoseconds.
pub(super) const UNITS: [(&str, u64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Parses `"250ms"`, `"4m"`, `"1h30m"`, `"1.5h"`.
///
/// # Errors
/// Says what was expected, in words to put after "expected".
pub fn parse_duration(text: &str) -> Result<SimTime, String> {
    const EXPECTED: &str = "a duration with a unit, such as \"250ms\", \"4m\" or \"1h30m\"";
    if text.is_empty() {
        return Err(EXPECTED.to_owned());
    }
    let mut rest = text;
    let mut total: u128 = 0;
    let mut next_unit = 0;
    while !rest.is_empty() {
        let number_len = rest
            .bytes()
            .take_while(|b| b.is_ascii_digit() || *b == b'.')
            .count();
        let unit_len = rest[number_len..]
            .bytes()
            .take_while(u8::is_ascii_alphabetic)
            .count();
        let (number, tail) = rest.split_at(number_len);
        let (unit, tail) = tail.split_at(unit_len);
        let Some(place) = UNITS.iter().position(|(name, _)| *name == unit) else {
            return Err(
                if unit.is_empty() && tail.is_empty() && !number.is_empty() {
                    format!("a unit after {number}: one of ns, us, ms, s, m, h, d")
                } else {
                    EXPECTED.to_owned()
                },
            );
        };
        if place < next_unit {
            return Err(format!(
                "units in falling order, each once, but {unit:?} comes too late"
            ));
        }
        next_unit = place + 1;
        let amount = decimal(number, UNITS[place].1).ok_or_else(|| EXPECTED.to_owned())?;
        total = total.saturating_add(amount);
        rest = tail;
    }
    u64::try_from(total)
        .map(SimTime::from_nanos)
        .map_err(|_| "a duration of less than 584 years".to_owned())
}

/// A decimal number times `scale`, exact, rounded half up to a whole.
fn decimal(number: &str, scale: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let digits = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<u128>().ok()
        }
    };
    // 18 digits of a day are far below a nanosecond, and keep the product inside 128 bits.
    let fraction = &fraction[..fraction.len().min(18)];
    let unit = 10u128.pow(fraction.len() as u32);
    let scale = u128::from(scale);
    Some(digits(whole)?.checked_mul(scale)? + (digits(fraction)? * scale + unit / 2) / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_written() {
        for (text, nanos) in [
            ("250ms", 250_000_000),
            ("4m", 240_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("0s", 0),
            (".5s", 500_000_000),
            ("1d2ns", 86_400_000_000_002),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(SimTime::from_nanos(nanos)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_a_duration_says_what_is_expected() {
        for text in [
            "",
            "4",
            "m",
            "4 m",
            "-4m",
            "4x",
            "30m1h",
            "1s1s",
            "1.2.3s",
            "99999999d",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_prints_the_way_it_is_written() {
        for text in ["250ms", "4m", "1h30m", "0s", "2d", "1m500ms"] {
            assert_eq!(parse_duration(text).unwrap().to_string(), text);
        }
    }
}
