//! Several NAT Gateways: each on the subnets of some node pools, with ports of its own.

use super::nat_gateway::{self, NatGatewayProfile, Place};
use super::review::{Context, Review};
use super::timers::{Timer, UdpIdle};
use super::{Draft, OutboundSpec};
use crate::engine::{Gateways, Grouping};
use crate::fault::{Code, Fault, step};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// A NAT Gateway on the subnets of some node pools. A subnet has one gateway at most, and what is beyond the 16 public IPs
/// of a gateway takes several: `articles/nat-gateway/nat-gateway-resource.md`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a NAT Gateway: { \"nodePools\": [\"apps\"], \"natGatewayProfile\": { … } }"
)]
pub struct NatGatewaySpec {
    /// Its name in results; `gateway-0`, `gateway-1`, … if left out.
    pub name: Option<String>,
    /// The node pools whose subnets it is on, at least one; no other gateway has them.
    pub node_pools: Vec<String>,
    /// Its public IPs and idle timeout, as those of a single one.
    pub nat_gateway_profile: Option<NatGatewayProfile>,
}

/// One of several NAT Gateways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its name.
    pub name: String,
    /// The node pools that leave by it.
    pub node_pools: Vec<String>,
    /// Its public IPs.
    pub public_ips: u32,
}

/// What the gateway of `natGatewayProfile` is called beside others.
const REST: &str = "gateway";

/// Gateways of one entry; the engine draws for so many pools at a time.
const MOST: usize = 64;

pub(super) fn draft(spec: &OutboundSpec, cx: &Context, review: &mut Review) -> Option<Draft> {
    let Some(words) = &spec.nat_gateways else {
        return nat_gateway::draft(spec, cx, review);
    };
    let before = review.errors.len();
    let pointer = step(cx.pointer, "natGateways");
    if words.is_empty() || words.len() >= MOST {
        review.errors.push(Fault {
            code: Code::E0360,
            pointer: pointer.clone(),
            found: format!("A list of {} NAT Gateways.", words.len()),
            allowed: format!("1 to {} beside that of natGatewayProfile", MOST - 1),
            remedy: "Remove \"natGateways\" where all node pools leave by one.".to_owned(),
        });
    }
    let mut found = Found::default();
    for (index, gateway) in words.iter().enumerate() {
        found.read(index, gateway, &step(&pointer, index), cx, review);
    }
    found.read_rest(spec, cx, review);
    check_names(&found, &pointer, review);
    let idle = found.same_idle(review);
    if review.errors.len() > before {
        return None;
    }
    // Without an idle timeout Azure has refused one already.
    let timers = nat_gateway::timers(idle?, cx).under(spec.timers.as_ref(), UdpIdle::Own);
    let sizes = found.sizes()?;
    let mut plan = nat_gateway::plan(1, &timers, cx);
    let gateway_of = |pool: &str| {
        let mut gateways = found.gateways.iter();
        gateways.position(|one| one.node_pools.iter().any(|name| name == pool))
    };
    let nodes = cx.cluster.pools.iter().flat_map(|pool| {
        let gateway = gateway_of(&pool.name).unwrap_or(0) as u32;
        std::iter::repeat_n(gateway, pool.count as usize)
    });
    plan.grouping = Grouping::ByGateway(Arc::new(Gateways {
        of_node: nodes.collect(),
        sizes: sizes.clone(),
    }));
    Some(Draft {
        plan,
        public_ips: Some(sizes.iter().sum()),
        timers,
        allocation: None,
        gateways: found.named(&sizes),
    })
}

/// The gateways as far as they are read.
#[derive(Default)]
struct Found {
    gateways: Vec<OneFound>,
}

struct OneFound {
    name: String,
    node_pools: Vec<String>,
    /// None where Azure refuses them.
    numbers: Option<(u32, Timer)>,
    /// Where its profile stands, or would.
    pointer: String,
}

impl Found {
    /// Reads gateway `index` at `pointer`.
    fn read(
        &mut self,
        index: usize,
        words: &NatGatewaySpec,
        pointer: &str,
        cx: &Context,
        review: &mut Review,
    ) {
        let at = step(pointer, "nodePools");
        if words.node_pools.is_empty() {
            review.errors.push(Fault {
                code: Code::E0361,
                pointer: at.clone(),
                found: "The gateway is on no node pool's subnet.".to_owned(),
                allowed: "the names of one or more node pools".to_owned(),
                remedy: "Name the pools that leave by it, or remove the gateway.".to_owned(),
            });
        }
        let mut own: Vec<String> = Vec::new();
        for (place, pool) in words.node_pools.iter().enumerate() {
            let at = step(&at, place);
            let known = cx.cluster.pools.iter().any(|known| known.name == *pool);
            let mut earlier = self.gateways.iter();
            let taken = earlier.find(|one| one.node_pools.contains(pool));
            if !known {
                review.errors.push(unknown_pool(pool, at, cx));
            } else if own.contains(pool) || taken.is_some() {
                let by = match taken {
                    Some(one) => format!("leaves by \"{}\" already", one.name),
                    None => "is named twice".to_owned(),
                };
                review.errors.push(Fault {
                    code: Code::E0361,
                    pointer: at,
                    found: format!("Node pool \"{pool}\" {by}."),
                    allowed: "each node pool by one gateway, as a subnet has one".to_owned(),
                    remedy: "Name it once.".to_owned(),
                });
            }
            own.push(pool.clone());
        }
        let profile = words.nat_gateway_profile.clone().unwrap_or_default();
        self.add(
            words.name.clone().unwrap_or(format!("{REST}-{index}")),
            own,
            &profile,
            pointer,
            cx,
            review,
        );
    }

    /// Reads the gateway of the pools that no other has.
    fn read_rest(&mut self, spec: &OutboundSpec, cx: &Context, review: &mut Review) {
        let pools = cx.cluster.pools.iter().map(|pool| pool.name.clone());
        let named = |pool: &String| {
            let mut gateways = self.gateways.iter();
            gateways.any(|one| one.node_pools.contains(pool))
        };
        let rest: Vec<String> = pools.filter(|pool| !named(pool)).collect();
        if !rest.is_empty() {
            let profile = spec.nat_gateway_profile.clone().unwrap_or_default();
            self.add(REST.to_owned(), rest, &profile, cx.pointer, cx, review);
        } else if spec.nat_gateway_profile.is_some() {
            review.errors.push(Fault {
                code: Code::E0361,
                pointer: step(cx.pointer, "natGatewayProfile"),
                found: "Every node pool leaves by one of natGateways, and none by this one."
                    .to_owned(),
                allowed: "natGatewayProfile for node pools that natGateways does not name"
                    .to_owned(),
                remedy: "Remove it, or take a node pool out of natGateways.".to_owned(),
            });
        }
    }

    fn add(
        &mut self,
        name: String,
        node_pools: Vec<String>,
        profile: &NatGatewayProfile,
        pointer: &str,
        cx: &Context,
        review: &mut Review,
    ) {
        let within = Context { pointer, ..*cx };
        let place = Place {
            cx: &within,
            profile: "natGatewayProfile",
        };
        self.gateways.push(OneFound {
            name,
            node_pools,
            numbers: nat_gateway::numbers(profile, &place, review),
            pointer: step(pointer, "natGatewayProfile"),
        });
    }

    /// The idle timeout that all have.
    fn same_idle(&self, review: &mut Review) -> Option<Timer> {
        let mut idles = self
            .gateways
            .iter()
            .filter_map(|one| Some((one, one.numbers?.1)));
        let (_, first) = idles.next()?;
        for (one, idle) in idles.filter(|(_, idle)| idle.value != first.value) {
            review.errors.push(Fault {
                code: Code::E0362,
                pointer: step(&one.pointer, "idleTimeoutInMinutes"),
                found: format!(
                    "The idle timeout of \"{}\" is {}, that of \"{}\" {}.",
                    one.name, idle.value, self.gateways[0].name, first.value
                ),
                allowed: "one idle timeout for all gateways of an entry".to_owned(),
                remedy: "Give all the same; to see what another does to one of them, simulate its node pools alone."
                    .to_owned(),
            });
        }
        Some(first)
    }

    /// The public IPs of each.
    fn sizes(&self) -> Option<Vec<u32>> {
        let ips = self.gateways.iter().map(|one| Some(one.numbers?.0));
        ips.collect()
    }

    fn named(self, sizes: &[u32]) -> Vec<Gateway> {
        let gateways = self.gateways.into_iter().zip(sizes);
        gateways
            .map(|(one, public_ips)| Gateway {
                name: one.name,
                node_pools: one.node_pools,
                public_ips: *public_ips,
            })
            .collect()
    }
}

fn unknown_pool(name: &str, pointer: String, cx: &Context) -> Fault {
    let names = cx.cluster.pools.iter();
    let names: Vec<String> = names.map(|pool| format!("\"{}\"", pool.name)).collect();
    Fault {
        code: Code::E0361,
        pointer,
        found: format!("There is no node pool \"{name}\"."),
        allowed: names.join(", "),
        remedy: "Name pools of cluster.nodePools.".to_owned(),
    }
}

/// Results tell gateways apart by their names.
fn check_names(found: &Found, pointer: &str, review: &mut Review) {
    for (index, one) in found.gateways.iter().enumerate() {
        let twice = found.gateways[..index]
            .iter()
            .position(|earlier| earlier.name == one.name);
        let empty = one.name.trim().is_empty();
        if twice.is_some() || empty {
            let place = twice.map_or(index, |earlier| match one.name == REST {
                // The name of the rest is not in the file.
                true => earlier,
                false => index,
            });
            review.errors.push(Fault {
                code: Code::E0201,
                pointer: step(&step(pointer, place), "name"),
                found: match empty {
                    true => "A NAT Gateway without a name.".to_owned(),
                    false => format!("\"{}\" is the name of two NAT Gateways.", one.name),
                },
                allowed: format!(
                    "a name that no other has; that of natGatewayProfile is \"{REST}\""
                ),
                remedy: "Rename it, or leave the name out.".to_owned(),
            });
        }
    }
}
