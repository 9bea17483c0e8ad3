//! Parts of a document that a program writes: they stand between two marks.

/// `text` with what stands between the marks of `part`, written by `maker`, replaced.
pub fn with_part(text: &str, part: &str, maker: &str, content: &str) -> String {
    let (begin, end) = (
        format!("<!-- {part}: made by `{maker}` -->\n"),
        format!("<!-- {part}: end -->\n"),
    );
    let (before, rest) = text.split_once(&begin).expect("the part begins");
    let (_, after) = rest.split_once(&end).expect("the part ends");
    format!("{before}{begin}\n{content}\n{end}{after}")
}
