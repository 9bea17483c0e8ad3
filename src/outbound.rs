//! Outbound types: each one's words, defaults, rules and port pools, one file a type.

mod metric;

pub use metric::{Metric, MetricSource};

/// What Azure does not document, or documents in two ways; each field's default is the documented or likeliest value.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumptions {}

/// The outbound types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboundType {
    /// AKS `loadBalancer`.
    LoadBalancer,
    /// AKS `managedNATGateway`.
    ManagedNatGateway,
    /// AKS `userAssignedNATGateway`.
    UserAssignedNatGateway,
    /// AKS `userDefinedRouting` to an Azure Firewall.
    UserDefinedRouting,
    /// Anything else.
    Custom,
}

impl OutboundType {
    /// The word for it in a scenario and in a result.
    pub const fn word(self) -> &'static str {
        match self {
            OutboundType::LoadBalancer => "loadBalancer",
            OutboundType::ManagedNatGateway => "managedNATGateway",
            OutboundType::UserAssignedNatGateway => "userAssignedNATGateway",
            OutboundType::UserDefinedRouting => "userDefinedRouting",
            OutboundType::Custom => "custom",
        }
    }

    /// Whether it is one of the two ways to have a NAT Gateway.
    pub const fn is_nat_gateway(self) -> bool {
        matches!(
            self,
            OutboundType::ManagedNatGateway | OutboundType::UserAssignedNatGateway
        )
    }
}

impl OutboundType {
    /// The metrics of this type, in the order they are published.
    pub fn metrics(self) -> &'static [Metric] {
        &[]
    }
}
