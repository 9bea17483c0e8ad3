//! Every code a user can meet, with its title and its story for `snatsim explain CODE`.

/// A code: E0xxx refuse an input, F0xxx are findings about a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    id: &'static str,
    title: &'static str,
    story: &'static str,
}

impl Code {
    /// The code as printed, such as `E0301`.
    pub const fn id(self) -> &'static str {
        self.id
    }

    /// What it is about, in a few words.
    pub const fn title(self) -> &'static str {
        self.title
    }

    /// The story behind it: why the rule exists, an example, how to mend it, the source. Paragraphs of plain text.
    pub const fn story(self) -> &'static str {
        self.story
    }

    /// The code with this id, in any case.
    pub fn find(id: &str) -> Option<Code> {
        ALL.iter()
            .copied()
            .find(|code| code.id.eq_ignore_ascii_case(id))
    }

    /// All codes, in order.
    pub fn all() -> &'static [Code] {
        ALL
    }
}

macro_rules! codes {
    ($($name:ident: $title:literal, $story:literal;)*) => {
        impl Code {
            $(#[doc = $title]
            pub const $name: Code = Code { id: stringify!($name), title: $title, story: $story };)*
        }
        const ALL: &[Code] = &[$(Code::$name),*];
    };
}

codes! {
    // --- The file: E01xx ---
    E0101: "not JSON",
        "The scenario is not well-formed JSON.";

    // --- Cluster, destinations and workloads: E02xx ---

    // --- Outbound types: E03xx ---
    E0301: "no such outbound type", "x";
    E0302: "an outbound type without egress", "x";
    E0303: "a block missing or out of place", "x";
    E0304: "a custom type that is not complete", "x";
    E0305: "an assumption out of range", "x";
    E0306: "a prefix of unknown size", "x";
    E0310: "ports not a multiple of 8", "x";
    E0311: "ports out of range", "x";
    E0312: "too few ports for all nodes", "x";
    E0313: "idle timeout of a Load Balancer out of range", "x";
    E0314: "public IPs of a Load Balancer out of range", "x";
    E0315: "public IPs given in two ways", "x";
    E0316: "an idle timeout that `az aks` refuses and ARM accepts", "x";
    E0317: "automatic ports beyond Azure's table", "x";
    E0320: "public IPs of a NAT Gateway out of range", "x";
    E0321: "idle timeout of a NAT Gateway out of range", "x";
    E0330: "public IPs of a firewall out of range", "x";
    E0331: "instances of a firewall out of range", "x";
    E0332: "idle timeout of a firewall out of range", "x";

    // --- Traces: E04xx ---

    // --- Findings: F01xx ---
    F0101: "ports ran out",
        "Connections failed because no SNAT port was free.";
}
