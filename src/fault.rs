//! What a broken rule says: the code, the place, what was found, what is allowed, how to mend it.

mod codes;

pub use codes::Code;

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which rule.
    pub code: Code,
    /// JSON pointer into the scenario (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// What is wrong, with what was found and the arithmetic where there is some; one or two sentences.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
    /// How to mend it, in Azure's terms.
    pub remedy: String,
}

/// Collects faults while rules are checked.
pub type Faults = Vec<Fault>;

/// `pointer` extended by one step, escaped as RFC 6901 asks.
pub fn step(pointer: &str, token: impl std::fmt::Display) -> String {
    format!(
        "{pointer}/{}",
        token.to_string().replace('~', "~0").replace('/', "~1")
    )
}
