//! Outbound types: each one's words, defaults, rules and port pools, one file a type.
//!
//! A new type is a file with a `Definition`, a line in the list below and, if it has words of
//! its own, its block in [`OutboundSpec`].

mod addresses;
mod allocation;
mod assumptions;
pub mod azure;
mod cluster;
mod custom;
mod firewall;
mod firewall_nat;
mod firewall_scale;
mod load_balancer;
mod metric;
mod nat_gateway;
mod nat_gateways;
mod no_egress;
mod review;
mod spec;
mod timers;

pub use addresses::{OutboundIpPrefixes, OutboundIps, PublicIp, PublicIpPrefix};
pub use allocation::{
    Allocation, Step, automatic_ports, inbound_blocks, ips_needed, largest_ports, max_nodes, supply,
};
pub use assumptions::{
    Assumption, Assumptions, AssumptionsSpec, BeyondTable, ConntrackSize, FirewallIpChoice,
    RefusedSynSeen, WindowsPorts,
};
pub use cluster::{ClusterFacts, CountedPool, MaxSurge, NoMaxSurge, PoolFacts, counted_nodes};
pub use custom::{CustomBlock, Scope, UdpKey};
pub use firewall::AzureFirewallBlock;
pub use firewall_scale::{AutoscaleConfiguration, FirewallScaling};
pub use load_balancer::{LoadBalancerProfile, ManagedOutboundIps};
pub use metric::{Metric, MetricSource};
pub use nat_gateway::NatGatewayProfile;
pub use nat_gateways::{Gateway, NatGatewaySpec};
pub(crate) use review::{plural, thousands};
pub use spec::{Ignored, OutboundSpec, Timers};
pub use timers::{Origin, Timer, TimersInForce};

use crate::engine::PoolPlan;
use crate::fault::{Code, Fault, step};
use review::{Context, Review};
use schemars::{Schema, SchemaGenerator, json_schema};

macro_rules! outbound_types {
    ($(#[doc = $doc:literal] $name:ident = $definition:expr;)*) => {
        /// The outbound types.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum OutboundType {
            $(#[doc = $doc] $name,)*
        }

        impl OutboundType {
            /// All of them.
            pub const ALL: &[OutboundType] = &[$(OutboundType::$name),*];

            const fn definition(self) -> Definition {
                match self {
                    $(OutboundType::$name => $definition,)*
                }
            }
        }
    };
}

outbound_types! {
    #[doc = "AKS `loadBalancer`."]
    LoadBalancer = load_balancer::TYPE;
    #[doc = "AKS `managedNATGateway`."]
    ManagedNatGateway = nat_gateway::MANAGED;
    #[doc = "AKS `userAssignedNATGateway`."]
    UserAssignedNatGateway = nat_gateway::USER_ASSIGNED;
    #[doc = "AKS `userDefinedRouting` to an Azure Firewall."]
    UserDefinedRouting = firewall::TYPE;
    #[doc = "AKS `userDefinedRouting` to an Azure Firewall with a NAT Gateway on its subnet."]
    FirewallNatGateway = firewall_nat::TYPE;
    #[doc = "AKS `none`."]
    NoEgress = no_egress::NONE;
    #[doc = "AKS `block`."]
    Block = no_egress::BLOCK;
    #[doc = "Anything else."]
    Custom = custom::TYPE;
}

/// Where a type stands among the ways out of a node: a user-defined route goes before a NAT Gateway, that before a public
/// IP of the node's own, that before a Load Balancer. `articles/nat-gateway/nat-overview.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Rules of the platform stop everything that goes to the internet.
    Blocked,
    /// There is none; a node's own public IP still leads out.
    Nothing,
    /// A node's own public IP goes before it.
    LoadBalancer,
    /// It goes before a node's own public IP.
    NatGateway,
    /// A firewall that a user-defined route leads to: before all others.
    Firewall,
    /// Whatever it is, it takes what Azure's routes do not take away.
    Custom,
}

/// What makes an outbound type.
struct Definition {
    /// Its words in the file, the first also in results.
    words: &'static [&'static str],
    /// Its metrics, in the order they are published.
    metrics: &'static [Metric],
    /// Where it stands among the ways out.
    way: Way,
    /// Applies its defaults and rules; none if something stands against a plan, and then the review says what.
    draft: fn(&OutboundSpec, &Context, &mut Review) -> Option<Draft>,
}

/// What a type makes of an entry.
struct Draft {
    plan: PoolPlan,
    public_ips: Option<u32>,
    timers: TimersInForce,
    allocation: Option<Allocation>,
    /// Where there are several.
    gateways: Vec<Gateway>,
}

impl OutboundType {
    /// The word for it in a scenario and in a result.
    pub const fn word(self) -> &'static str {
        match self.definition().words {
            [word, ..] => word,
            [] => OutboundType::UserDefinedRouting.word(),
        }
    }

    /// Where it stands among the ways out of a node.
    pub const fn way(self) -> Way {
        self.definition().way
    }

    /// The metrics of this type, in the order they are published.
    pub const fn metrics(self) -> &'static [Metric] {
        self.definition().metrics
    }

    /// Whether its ports are those of a NAT Gateway.
    pub const fn is_nat_gateway(self) -> bool {
        matches!(
            self,
            OutboundType::ManagedNatGateway
                | OutboundType::UserAssignedNatGateway
                | OutboundType::FirewallNatGateway
        )
    }

    /// The type that `word` names in the file, if it is one; `userDefinedRouting` is the firewall without a NAT Gateway.
    pub fn find(word: &str) -> Option<OutboundType> {
        OutboundType::ALL
            .iter()
            .copied()
            .find(|kind| kind.definition().words.contains(&word))
    }
}

/// An entry of `outbound` under the rules.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Name as reported: the given one, else the outbound type as written.
    pub name: String,
    /// Its type; Azure's default, Load Balancer, where `errors` say that the file names none.
    pub kind: OutboundType,
    /// What the engine simulates, or why Azure would refuse it; an empty list where only `errors` stand against it.
    pub plan: Result<PoolPlan, Vec<Fault>>,
    /// Why the file makes no sense, whatever Azure says: the scenario is invalid.
    pub errors: Vec<Fault>,
    /// What a reader of the result should know.
    pub notes: Vec<(Code, String)>,
    /// Public IPs, where the type has them.
    pub public_ips: Option<u32>,
    /// How its figures came about, also where Azure refuses them.
    pub setup: Setup,
}

/// How the figures of an outbound type came about, as far as nothing stands against them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// What would be simulated if Azure took it.
    pub plan: Option<PoolPlan>,
    /// Hold times and where each comes from.
    pub timers: Option<TimersInForce>,
    /// The ports of a Load Balancer.
    pub allocation: Option<Allocation>,
    /// The NAT Gateways, in the order of the plan's pools; none where all nodes leave by one.
    pub gateways: Vec<Gateway>,
}

/// Applies defaults and rules to the entry at `pointer` and makes its plan. All faults are found at once.
pub fn resolve(
    spec: &OutboundSpec,
    cluster: &ClusterFacts,
    assumptions: &Assumptions,
    pointer: &str,
) -> Resolved {
    let cx = Context {
        cluster,
        assumptions,
        pointer,
    };
    let mut review = Review::default();
    let kind = kind(spec, pointer, &mut review);
    let draft = kind.and_then(|kind| {
        refuse_stray_blocks(spec, kind, pointer, &mut review);
        note_stray_profiles(spec, kind, &mut review);
        (kind.definition().draft)(spec, &cx, &mut review)
    });
    let sound = review.errors.is_empty() && review.refusals.is_empty();
    assert!(draft.is_some() || !sound, "no plan, and nothing says why");
    let public_ips = draft.as_ref().and_then(|draft| draft.public_ips);
    let setup = draft.as_ref().map(|draft| Setup {
        plan: Some(draft.plan.clone()),
        timers: Some(draft.timers),
        allocation: draft.allocation.clone(),
        gateways: draft.gateways.clone(),
    });
    let plan = match draft {
        Some(draft) if sound => Ok(draft.plan),
        _ => Err(review.refusals),
    };
    let named = spec.name.as_ref().or(spec.outbound_type.as_ref());
    Resolved {
        name: named.cloned().unwrap_or_default(),
        kind: kind.unwrap_or(OutboundType::LoadBalancer),
        plan,
        errors: review.errors,
        notes: review.notes,
        public_ips,
        setup: setup.unwrap_or_default(),
    }
}

/// The three Azure types, without those that `specs` has already: what `compare` adds. All at their
/// defaults: Load Balancer with 1 IP, automatic ports and 30 min, managed NAT Gateway with 1 IP and
/// 4 min, Firewall with 1 IP and 2 instances.
pub fn azure_types_missing(specs: &[OutboundSpec]) -> Vec<OutboundSpec> {
    let present: Vec<OutboundType> = specs
        .iter()
        .filter_map(|spec| OutboundType::find(spec.outbound_type.as_deref()?))
        .collect();
    let same =
        |a: OutboundType, b: OutboundType| a == b || a.is_nat_gateway() && b.is_nat_gateway();
    [
        OutboundType::LoadBalancer,
        OutboundType::ManagedNatGateway,
        OutboundType::UserDefinedRouting,
    ]
    .into_iter()
    .filter(|kind| !present.iter().any(|other| same(*kind, *other)))
    .map(|kind| OutboundSpec {
        outbound_type: Some(kind.word().to_owned()),
        ..OutboundSpec::default()
    })
    .collect()
}

/// The words that may stand as `outboundType`.
fn words() -> impl Iterator<Item = &'static str> {
    OutboundType::ALL
        .iter()
        .flat_map(|kind| kind.definition().words)
        .copied()
}

fn kind(spec: &OutboundSpec, pointer: &str, review: &mut Review) -> Option<OutboundType> {
    let allowed = || words().collect::<Vec<_>>().join(", ");
    let Some(word) = spec.outbound_type.as_deref() else {
        review.errors.push(Fault {
            code: Code::E0301,
            pointer: pointer.to_owned(),
            found: "The entry has no outboundType.".to_owned(),
            allowed: allowed(),
            remedy: "Add \"outboundType\": \"loadBalancer\", say.".to_owned(),
        });
        return None;
    };
    if let Some(kind) = OutboundType::find(word) {
        let firewall = spec.azure_firewall.as_ref();
        let has_gateway = firewall.is_some_and(|block| block.nat_gateway.is_some());
        return Some(match kind {
            OutboundType::UserDefinedRouting if has_gateway => OutboundType::FirewallNatGateway,
            _ => kind,
        });
    }
    review.errors.push(Fault {
        code: Code::E0301,
        pointer: step(pointer, "outboundType"),
        found: format!("outboundType is \"{word}\", which is no outbound type."),
        allowed: allowed(),
        remedy: format!("Did you mean \"{}\"?", nearest(word)),
    });
    None
}

fn nearest(word: &str) -> &'static str {
    if word.to_lowercase().contains("firewall") {
        return OutboundType::UserDefinedRouting.word();
    }
    let distance =
        |known: &str| strsim::damerau_levenshtein(&known.to_lowercase(), &word.to_lowercase());
    words()
        .min_by_key(|known| distance(known))
        .expect("there are outbound types")
}

/// Our own blocks are for one type each; Azure's profiles of other types come along in pasted blocks.
fn refuse_stray_blocks(
    spec: &OutboundSpec,
    kind: OutboundType,
    pointer: &str,
    review: &mut Review,
) {
    let blocks = [
        (
            "azureFirewall",
            spec.azure_firewall.is_some(),
            OutboundType::UserDefinedRouting,
        ),
        ("custom", spec.custom.is_some(), OutboundType::Custom),
        (
            "natGateways",
            spec.nat_gateways.is_some(),
            OutboundType::UserAssignedNatGateway,
        ),
    ];
    for (block, present, owner) in blocks {
        if present && owner.word() != kind.word() {
            review.errors.push(Fault {
                code: Code::E0303,
                pointer: step(pointer, block),
                found: format!(
                    "The block \"{block}\" is for outboundType \"{}\", but this one is \"{}\".",
                    owner.word(),
                    kind.word()
                ),
                allowed: format!("\"{block}\" with outboundType \"{}\"", owner.word()),
                remedy: format!(
                    "Remove the block, or set outboundType to \"{}\".",
                    owner.word()
                ),
            });
        }
    }
}

/// The profiles of AKS in `spec` that mean nothing to `kind`.
pub fn stray_profiles(
    spec: &OutboundSpec,
    kind: OutboundType,
) -> impl Iterator<Item = &'static str> {
    let profiles = [
        (
            "loadBalancerProfile",
            spec.load_balancer_profile.is_some(),
            kind == OutboundType::LoadBalancer,
        ),
        (
            "natGatewayProfile",
            spec.nat_gateway_profile.is_some(),
            kind.is_nat_gateway(),
        ),
    ];
    let strays = profiles
        .into_iter()
        .filter(|(_, present, used)| *present && !used);
    strays.map(|(profile, ..)| profile)
}

/// What `az` prints may hold the profile of another type, of which Azure takes no notice either.
fn note_stray_profiles(spec: &OutboundSpec, kind: OutboundType, review: &mut Review) {
    for profile in stray_profiles(spec, kind) {
        review.notes.push((
            Code::F0204,
            format!(
                "\"{profile}\" means nothing to outboundType \"{}\": what it says was not simulated.",
                kind.word()
            ),
        ));
    }
}

fn outbound_type_schema(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<&str> = words().collect();
    json_schema!({ "enum": words })
}

#[cfg(test)]
mod tests;
