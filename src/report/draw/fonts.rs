//! The font that charts are measured and drawn in: two weights of Inter, part of the program.

use crate::results::words::{GLUE, glued};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Inter Regular, a subset; `assets/fonts/README.md` says which.
pub const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular.otf");

/// Inter SemiBold, a subset.
pub const SEMIBOLD: &[u8] = include_bytes!("../../../assets/fonts/Inter-SemiBold.otf");

/// Families of a document: ours, and what comes near it where it is not installed.
pub const FAMILIES: &str = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

/// Weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Plain.
    Regular,
    /// For titles and labels.
    SemiBold,
}

static FONTS: LazyLock<[FontRef<'static>; 2]> = LazyLock::new(|| {
    [REGULAR, SEMIBOLD].map(|bytes| FontRef::new(bytes).expect("the fonts are sound"))
});

/// Width of a text at a size in pixels; a letter that the font lacks counts as a square.
pub fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let font = &FONTS[weight as usize];
    let letters = font.charmap();
    let metrics = font.glyph_metrics(Size::new(size as f32), LocationRef::default());
    text.chars()
        .map(|letter| {
            let advance = letters
                .map(letter)
                .and_then(|glyph| metrics.advance_width(glyph));
            advance.map_or(size, f64::from)
        })
        .sum()
}

/// Letters of a text that the fonts lack; a picture shows a box for each.
pub fn lacking(text: &str) -> BTreeSet<char> {
    let letters = FONTS[Weight::Regular as usize].charmap();
    let is_lacking = |letter: &char| !letter.is_control() && letters.map(*letter).is_none();
    text.chars().filter(is_lacking).collect()
}

/// A text in at most `lines` lines of `room` pixels, cut with an ellipsis if it is longer.
pub fn wrapped(text: &str, room: f64, lines: usize, size: f64, weight: Weight) -> Vec<String> {
    let mut wrapped: Vec<String> = vec![String::new()];
    let text = glued(text);
    let ends_word = |letter: char| letter.is_whitespace() && letter != GLUE;
    for word in text.split(ends_word).filter(|word| !word.is_empty()) {
        let mut word = word.replace(GLUE, " ");
        let last = wrapped.last_mut().expect("one at least");
        let joined = match last.is_empty() {
            true => word.clone(),
            false => format!("{last} {word}"),
        };
        if width(&joined, size, weight) <= room {
            *last = joined;
            continue;
        }
        if !last.is_empty() {
            wrapped.push(String::new());
        }
        // A word that is longer than a line is broken.
        while width(&word, size, weight) > room {
            let (head, tail) = fitting(&word, room, size, weight);
            *wrapped.last_mut().expect("one at least") = head;
            wrapped.push(String::new());
            word = tail;
        }
        *wrapped.last_mut().expect("one at least") = word;
    }
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        let last = wrapped.last_mut().expect("one at least");
        let (head, _) = fitting(&format!("{last} "), room - size, size, weight);
        *last = format!("{}…", head.trim_end());
    }
    wrapped
}

/// The same in as few lines, of about the same length.
pub fn balanced(text: &str, room: f64, lines: usize, size: f64, weight: Weight) -> Vec<String> {
    let widest = wrapped(text, room, lines, size, weight);
    let narrower = (1..20).map(|step| room * (1.0 - 0.025 * f64::from(step)));
    narrower
        .map(|room| wrapped(text, room, lines + 1, size, weight))
        .take_while(|narrow| narrow.len() == widest.len())
        .last()
        .unwrap_or(widest)
}

/// As many letters as fit, at least one, and the rest.
fn fitting(word: &str, room: f64, size: f64, weight: Weight) -> (String, String) {
    let mut head = String::new();
    for letter in word.chars() {
        head.push(letter);
        if width(&head, size, weight) > room {
            if head.chars().count() > 1 {
                head.pop();
            }
            break;
        }
    }
    let tail = word[head.len()..].to_owned();
    (head, tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_fonts_lack_is_known() {
        assert!(lacking("Überlast → 1 × α Ж …").is_empty());
        assert_eq!(lacking("負荷, 負 🚀"), BTreeSet::from(['荷', '負', '🚀']));
    }

    #[test]
    fn a_number_keeps_its_sign() {
        let text = "fails 2.9 % of them (< 3 %)";
        for room in 60..200 {
            let lines = wrapped(text, f64::from(room), 9, 14.0, Weight::Regular);
            assert_eq!(lines.join(" "), text);
            assert!(lines.iter().any(|line| line.contains("2.9 %")), "{lines:?}");
            assert!(
                lines.iter().any(|line| line.contains("(< 3 %)")),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn texts_are_measured_wrapped_and_cut() {
        let narrow = width("ill", 14.0, Weight::Regular);
        assert!(narrow < width("WWW", 14.0, Weight::Regular));
        assert!(narrow < width("ill", 14.0, Weight::SemiBold));
        let text = "the quick brown fox jumps over the lazy dog";
        let lines = wrapped(text, 120.0, 9, 14.0, Weight::Regular);
        assert_eq!(lines.join(" "), text);
        assert!(
            lines
                .iter()
                .all(|line| width(line, 14.0, Weight::Regular) <= 120.0)
        );
        let lines = wrapped(&"x".repeat(1_000), 120.0, 2, 14.0, Weight::Regular);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'));
        assert!(
            lines
                .iter()
                .all(|line| width(line, 14.0, Weight::Regular) <= 120.0)
        );
    }
}
