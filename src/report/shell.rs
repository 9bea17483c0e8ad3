//! Commands as a shell takes them.

/// Words as a POSIX shell takes them.
pub fn quoted(words: &[String]) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,+@%".contains(letter);
    let quoted: Vec<String> = words
        .iter()
        .map(|word| {
            if !word.is_empty() && word.chars().all(plain) {
                word.clone()
            } else {
                format!("'{}'", word.replace('\'', r"'\''"))
            }
        })
        .collect();
    quoted.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_quoted_for_the_shell() {
        let words = ["snatsim", "--set", "/outbound/NAT gateway/x=1", "it's", ""];
        assert_eq!(
            quoted(&words.map(str::to_owned)),
            r"snatsim --set '/outbound/NAT gateway/x=1' 'it'\''s' ''"
        );
    }
}
