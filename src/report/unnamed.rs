//! Outbounds that the scenario gives no name.

use crate::results::Document;
use crate::results::words::list;

/// The type that says least of what it is.
const FIREWALL: &str = "userDefinedRouting";

/// What is to be said of outbounds that go by their type, because nobody named them; none where there are none.
pub(super) fn unnamed(document: &Document) -> Option<String> {
    let by_type = |one: &&crate::results::OutboundResult| one.name == one.outbound_type;
    let names: Vec<String> = document
        .outbounds
        .iter()
        .filter(by_type)
        .map(|one| match one.name.as_str() {
            FIREWALL => format!("{FIREWALL} (Azure Firewall)"),
            name => name.to_owned(),
        })
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "{}: an outbound without a name goes by its type",
            list(&names)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture::compared;

    #[test]
    fn what_nobody_named_is_said_to_go_by_its_type() {
        let mut document = compared(&[5, 9]);
        assert_eq!(unnamed(&document), None);
        for (one, kind) in document
            .outbounds
            .iter_mut()
            .zip([FIREWALL, "loadBalancer"])
        {
            (one.name, one.outbound_type) = (kind.to_owned(), kind.to_owned());
        }
        assert_eq!(
            unnamed(&document).unwrap(),
            "userDefinedRouting (Azure Firewall) and loadBalancer: an outbound without a name goes by its type"
        );
    }
}
