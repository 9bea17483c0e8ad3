//! Numbers as people read them: never more digits than the interval supports.

use super::document::{Estimate, IntervalMethod};

/// A count with its thousands set apart: `64,512`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 pool`, `3 pools`.
pub fn counted(n: u64, noun: &str) -> String {
    let ending = if n == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(n))
}

/// A share to two significant digits, in percent down to 0.01 %: `1.9 %`, `3.1e-6`.
pub fn share(p: f64) -> String {
    if p > 0.0 && p < SMALLEST_PERCENT {
        return format!("{p:.1e}");
    }
    let percent = 100.0 * p;
    let decimals = match percent {
        _ if p == 0.0 || p == 1.0 => 0,
        x if x >= 98.5 => 1,
        x if x >= 9.95 => 0,
        x => (1 - magnitude(x)) as usize,
    };
    if p < 1.0 && percent > 99.94 {
        return "over 99.9 %".to_owned();
    }
    format!("{percent:.decimals$} %")
}

/// A part of a limit, which may exceed it.
pub fn percent(part: f64) -> String {
    match part {
        p if p > 1.0 => format!("{:.0} %", 100.0 * p),
        p => share(p),
    }
}

/// An upper bound, rounded up to two significant digits.
pub fn bound(p: f64) -> String {
    if p <= 0.0 {
        return share(0.0);
    }
    let unit = 10f64.powi(magnitude(p) - 1);
    // What is a whole number of units but for the last bits of a float is not rounded up.
    share(((p / unit - 1e-9).ceil() * unit).min(1.0))
}

/// An estimate with its interval: `1.9 % (1.6 to 2.2)`, `none seen (< 3.1e-6)`.
pub fn estimate(found: &Estimate) -> String {
    let Some(p) = found.estimate else {
        return "nothing decided".to_owned();
    };
    match (found.method, found.low, found.high) {
        (IntervalMethod::ZeroFailures, _, Some(high)) => format!("none seen (< {})", bound(high)),
        (_, Some(low), Some(high)) if high - low <= 1e-9 * p => format!("{} (no spread)", share(p)),
        (_, Some(low), Some(high)) if p < SMALLEST_PERCENT => {
            format!("{p:.1e} ({low:.1e} to {high:.1e})")
        }
        (_, Some(low), Some(high)) => {
            let decimals = (-magnitude(50.0 * (high - low))).max(0) as usize;
            let percent = |p: f64| format!("{:.decimals$}", 100.0 * p);
            format!("{} % ({} to {})", percent(p), percent(low), percent(high))
        }
        _ => format!("{}, no interval", share(p)),
    }
}

/// A difference of two probabilities in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The difference with its sign: `−0.26 points`, which are percentage points, or `3.1e-6`.
    pub value: String,
    /// Its size alone, in full: `0.26 percentage points`.
    pub size: String,
    /// Its interval: `−0.29 to −0.23`.
    pub interval: Option<String>,
}

/// A difference of two probabilities, with the digits that its interval (low, high) supports.
pub fn difference(value: f64, bounds: Option<(f64, f64)>) -> Difference {
    let (low, high) = bounds.unwrap_or((value, value));
    let largest = value.abs().max(low.abs()).max(high.abs());
    let sign = |p: f64| if p < 0.0 { "−" } else { "" };
    if largest < SMALLEST_PERCENT {
        let plain = |p: f64| match p {
            0.0 => "0".to_owned(),
            p => format!("{:.1e}", p.abs()),
        };
        let signed = |p: f64| format!("{}{}", sign(p), plain(p));
        return Difference {
            value: signed(value),
            size: plain(value),
            interval: bounds.map(|(low, high)| format!("{} to {}", signed(low), signed(high))),
        };
    }
    // Without spread as many as of an estimate alone.
    let spread = match high - low > 1e-9 * largest {
        true => 50.0 * (high - low),
        false => 10.0 * largest,
    };
    let decimals = (-magnitude(spread)).max(0) as usize;
    let plain = |p: f64| format!("{:.decimals$}", 100.0 * p.abs());
    let signed = |p: f64| match plain(p) {
        none if none.parse() == Ok(0.0) => "0".to_owned(),
        some => format!("{}{some}", sign(p)),
    };
    Difference {
        value: format!("{} points", signed(value)),
        size: format!("{} percentage points", plain(value)),
        interval: bounds.map(|(low, high)| format!("{} to {}", signed(low), signed(high))),
    }
}

/// A span of time in seconds, to about three digits: `250 ms`, `7.0 s`, `2m05s`, `7h12m`, `2d03h`.
pub fn span(seconds: f64) -> String {
    let (minute, hour, day) = (60, 3_600, 86_400);
    let whole = seconds.round() as u64;
    match seconds {
        0.0 => "0 s".to_owned(),
        s if s < 0.000_999_5 => format!("{:.0} us", s * 1e6),
        s if s < 0.999_5 => format!("{:.0} ms", s * 1e3),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 59.5 => format!("{s:.0} s"),
        _ if whole < hour => format!("{}m{:02}s", whole / minute, whole % minute),
        _ if whole < day => format!("{}h{:02}m", whole / hour, whole % hour / minute),
        _ => format!("{}d{:02}h", whole / day, whole % day / hour),
    }
}

/// The same with a capital at its beginning.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// What keeps a sign with the figure that belongs to it while text is broken into lines.
pub const GLUE: char = '\u{a0}';

/// What follows a number and means nothing without it.
const UNITS: [&str; 8] = ["%", "us", "ms", "s", "min", "h", "IP", "IPs"];

/// A text in which a bound is one word, `(< 3.1e-6)`, and so is a number with its unit: `89 %`, `1 IP × 17`.
pub fn glued(text: &str) -> String {
    let belong = |before: &str, word: &str| {
        let is_number = before.ends_with(|letter: char| letter.is_ascii_digit());
        let unit = word.trim_end_matches([',', ';', ':', '.', ')']);
        let is_times = before == "×" || word == "×";
        is_number && UNITS.contains(&unit) || is_times || before.ends_with("(<")
    };
    let mut words = text.split(' ');
    let mut before = words.next().unwrap_or_default();
    let mut glued = before.to_owned();
    for word in words {
        glued.push(if belong(before, word) { GLUE } else { ' ' });
        glued += word;
        before = word;
    }
    glued
}

/// A paragraph in lines of at most `width` letters, where its words allow.
pub fn wrapped(paragraph: &str, width: usize) -> String {
    let (mut text, mut column) = (String::new(), 0);
    let paragraph = glued(paragraph);
    let ends_word = |letter: char| letter.is_whitespace() && letter != GLUE;
    for word in paragraph.split(ends_word).filter(|word| !word.is_empty()) {
        let letters = word.chars().count();
        if column > 0 && column + 1 + letters > width {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += letters;
    }
    text.replace(GLUE, " ") + "\n"
}

/// Below this a share is printed as a power of ten.
const SMALLEST_PERCENT: f64 = 1e-4;

/// The power of ten of the leading digit.
fn magnitude(x: f64) -> i32 {
    x.log10().floor() as i32
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(p: f64, low: f64, high: f64) -> String {
        estimate(&Estimate {
            estimate: Some(p),
            low: Some(low),
            high: Some(high),
            method: IntervalMethod::Replications,
        })
    }

    #[test]
    fn counts_set_thousands_apart() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(64_512), "64,512");
        assert_eq!(count(1_248_000), "1,248,000");
        assert_eq!(counted(1, "pool"), "1 pool");
        assert_eq!(counted(0, "pool"), "0 pools");
    }

    #[test]
    fn shares_have_two_digits() {
        for (p, text) in [
            (0.0, "0 %"),
            (0.019, "1.9 %"),
            (0.1949, "19 %"),
            (0.000123, "0.012 %"),
            (0.0000031, "3.1e-6"),
            (0.5, "50 %"),
            (0.987, "98.7 %"),
            (0.99999, "over 99.9 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(share(p), text);
        }
    }

    #[test]
    fn a_number_stays_with_its_unit() {
        let plain = |text: &str| glued(text).replace(GLUE, "_");
        for (text, told) in [
            ("(< 3.1e-6)", "(<_3.1e-6)"),
            (
                "none seen (< 3.1e-6), and 89 %.",
                "none seen (<_3.1e-6), and 89_%.",
            ),
            (
                "is 1 IP × 17 instances; 8 plans",
                "is 1_IP_×_17 instances; 8 plans",
            ),
            ("7.0 s or 20 ms, 4 minutes", "7.0_s or 20_ms, 4 minutes"),
            (" LB % and  two", " LB % and  two"),
            ("", ""),
        ] {
            assert_eq!(plain(text), told);
        }
    }

    #[test]
    fn upper_bounds_round_up() {
        assert_eq!(bound(0.00000301), "3.1e-6");
        assert_eq!(bound(0.0000030), "3.0e-6");
        assert_eq!(bound(0.00311), "0.32 %");
        assert_eq!(bound(1.0), "100 %");
    }

    #[test]
    fn an_interval_decides_the_digits_of_its_estimate() {
        assert_eq!(interval(0.01912, 0.0161, 0.0224), "1.9 % (1.6 to 2.2)");
        assert_eq!(interval(0.01912, 0.0189, 0.0192), "1.91 % (1.89 to 1.92)");
        assert_eq!(interval(0.3, 0.2, 0.4), "30 % (20 to 40)");
        assert_eq!(
            interval(0.0000031, 0.000002, 0.0000052),
            "3.1e-6 (2.0e-6 to 5.2e-6)"
        );
        assert_eq!(interval(0.5, 0.5, 0.5), "50 % (no spread)");
    }

    #[test]
    fn an_interval_decides_the_digits_of_a_difference() {
        let words = |value, bounds| {
            let found = difference(value, bounds);
            let interval = found.interval.unwrap_or_default();
            format!("{} | {} | {interval}", found.value, found.size)
        };
        assert_eq!(
            words(-0.0026, Some((-0.002916, -0.002284))),
            "−0.26 points | 0.26 percentage points | −0.29 to −0.23"
        );
        assert_eq!(
            words(0.0, Some((-1.2e-6, 1.34e-6))),
            "0 | 0 | −1.2e-6 to 1.3e-6"
        );
        assert_eq!(
            words(0.2, Some((-0.1, 0.5))),
            "20 points | 20 percentage points | −10 to 50"
        );
        assert_eq!(
            words(1e-3, Some((1e-3, 1e-3))),
            "0.10 points | 0.10 percentage points | 0.10 to 0.10"
        );
        assert_eq!(words(0.015, None), "1.5 points | 1.5 percentage points | ");
        assert_eq!(
            words(1e-6, Some((-0.01, 0.01))),
            "0 points | 0 percentage points | −1 to 1"
        );
    }

    #[test]
    fn without_an_interval_the_estimate_says_so() {
        let found = |estimate, high, method| Estimate {
            estimate,
            low: None,
            high,
            method,
        };
        assert_eq!(
            estimate(&found(
                Some(0.0),
                Some(0.00000301),
                IntervalMethod::ZeroFailures
            )),
            "none seen (< 3.1e-6)"
        );
        assert_eq!(
            estimate(&found(Some(0.0194), None, IntervalMethod::None)),
            "1.9 %, no interval"
        );
        assert_eq!(
            estimate(&found(None, None, IntervalMethod::None)),
            "nothing decided"
        );
    }

    #[test]
    fn spans_read_like_a_watch() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.0004, "400 us"),
            (0.25, "250 ms"),
            (7.0, "7.0 s"),
            (9.99, "10 s"),
            (63.0, "1m03s"),
            (59.7, "1m00s"),
            (3_599.8, "1h00m"),
            (25_920.0, "7h12m"),
            (183_600.0, "2d03h"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn paragraphs_wrap_between_words() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree\n");
        assert_eq!(
            wrapped("none seen (< 3.1e-6)", 12),
            "none seen\n(< 3.1e-6)\n"
        );
        assert_eq!(
            wrapped("a-word-that-does-not-fit b", 5),
            "a-word-that-does-not-fit\nb\n"
        );
    }
}
