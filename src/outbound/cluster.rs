//! What the rules need to know of a cluster: its node pools, and how Azure counts their nodes.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The node pools of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFacts {
    /// The pools, in the order of the file.
    pub pools: Vec<PoolFacts>,
    /// Ports of inbound rules on the frontend of the outbound rule: of `LoadBalancer` Services that share it.
    pub outbound_frontend_rules: Vec<u16>,
}

/// One node pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolFacts {
    /// Name.
    pub name: String,
    /// Nodes it has.
    pub count: u32,
    /// Nodes the autoscaler may give it; none without autoscaler.
    pub max_count: Option<u32>,
    /// Nodes added during an upgrade; none: [`super::Assumptions::max_surge`].
    pub max_surge: Option<MaxSurge>,
    /// Whether it is one of Windows whose OutboundNAT is off.
    pub without_outbound_nat: bool,
}

/// A pool as Azure counts it when it checks the ports of a Load Balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedPool {
    /// Name.
    pub name: String,
    /// The most nodes the pool may have: the larger of `maxCount` and `count`.
    pub nodes: u32,
    /// Nodes it has.
    pub count: u32,
    /// The setting its surge was computed from.
    pub max_surge: MaxSurge,
    /// Whether the pool sets it; otherwise it is assumed.
    pub surge_is_set: bool,
    /// Nodes an upgrade may add.
    pub surge: u32,
}

impl ClusterFacts {
    /// Nodes there are: the sum of `count`, which automatic port allocation goes by.
    pub fn nodes(&self) -> u32 {
        self.pools
            .iter()
            .fold(0, |sum, pool| pool.count.saturating_add(sum))
    }

    /// The pools as Azure counts them: the most nodes each may have and its surge.
    /// `aks:articles/aks/configure-load-balancer-standard.md` asks to account for both.
    pub fn counted(&self, assumed_surge: MaxSurge) -> Vec<CountedPool> {
        self.pools
            .iter()
            .map(|pool| {
                let nodes = pool.max_count.unwrap_or(0).max(pool.count);
                let max_surge = pool.max_surge.unwrap_or(assumed_surge);
                CountedPool {
                    name: pool.name.clone(),
                    nodes,
                    count: pool.count,
                    max_surge,
                    surge_is_set: pool.max_surge.is_some(),
                    surge: max_surge.of(nodes),
                }
            })
            .collect()
    }
}

/// Nodes in all that Azure counts.
pub fn counted_nodes(pools: &[CountedPool]) -> u64 {
    pools
        .iter()
        .map(|pool| u64::from(pool.nodes) + u64::from(pool.surge))
        .sum()
}

/// `maxSurge` of a node pool: nodes an upgrade adds, `"1"` or `"10%"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxSurge {
    /// This many.
    Nodes(u32),
    /// This share of the pool in percent, 0 to 100, rounded up to whole nodes.
    Percent(u32),
}

impl MaxSurge {
    /// Nodes added to a pool of `nodes`. `aks:articles/aks/upgrade-aks-node-pools-rolling.md`.
    pub fn of(self, nodes: u32) -> u32 {
        match self {
            MaxSurge::Nodes(added) => added,
            // A percentage of at most 100 keeps the result within the pool's size.
            MaxSurge::Percent(share) => (u64::from(nodes) * u64::from(share)).div_ceil(100) as u32,
        }
    }
}

/// A text that is no `maxSurge`; says what was expected, to put after "expected".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number of nodes such as \"1\", or a share of the pool such as \"10%\" (0% to 100%)")]
pub struct NoMaxSurge;

impl FromStr for MaxSurge {
    type Err = NoMaxSurge;

    fn from_str(text: &str) -> Result<Self, NoMaxSurge> {
        let digits = text.strip_suffix('%').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoMaxSurge);
        }
        let number: u32 = digits.parse().map_err(|_| NoMaxSurge)?;
        match text.ends_with('%') {
            true if number > 100 => Err(NoMaxSurge),
            true => Ok(MaxSurge::Percent(number)),
            // More nodes than any cluster has are a slip of the finger, and would overflow sums.
            false if number > 5_000 => Err(NoMaxSurge),
            false => Ok(MaxSurge::Nodes(number)),
        }
    }
}

impl fmt::Display for MaxSurge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaxSurge::Nodes(nodes) => write!(f, "{nodes}"),
            MaxSurge::Percent(share) => write!(f, "{share}%"),
        }
    }
}

impl Serialize for MaxSurge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MaxSurge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(MaxSurgeText)
    }
}

struct MaxSurgeText;

impl Visitor<'_> for MaxSurgeText {
    type Value = MaxSurge;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NoMaxSurge}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<MaxSurge, E> {
        text.parse()
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl JsonSchema for MaxSurge {
    fn schema_name() -> Cow<'static, str> {
        "MaxSurge".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Nodes that an upgrade adds to a pool: a number such as \"1\" or a share such as \"10%\", rounded up.",
            "type": "string",
            "pattern": r"^\d+%?$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pool(count: u32, max_count: Option<u32>, max_surge: Option<MaxSurge>) -> PoolFacts {
        PoolFacts {
            name: "apps".to_owned(),
            count,
            max_count,
            max_surge,
            without_outbound_nat: false,
        }
    }

    #[test]
    fn w36_five_pools_of_four_nodes_at_half_surge_add_ten_nodes() {
        let cluster = ClusterFacts {
            pools: vec![pool(4, None, Some(MaxSurge::Percent(50))); 5],
            ..ClusterFacts::default()
        };
        let counted = cluster.counted(MaxSurge::Nodes(1));
        assert_eq!(counted.iter().map(|pool| pool.surge).sum::<u32>(), 10);
        assert_eq!(counted_nodes(&counted), 30);
    }

    #[test]
    fn maxima_and_surge_are_counted_per_pool_and_percentages_round_up() {
        let cluster = ClusterFacts {
            pools: vec![
                pool(3, None, None),
                pool(17, Some(31), Some(MaxSurge::Percent(10))),
            ],
            ..ClusterFacts::default()
        };
        assert_eq!(cluster.nodes(), 20);
        assert_eq!(
            counted_nodes(&cluster.counted(MaxSurge::Nodes(1))),
            3 + 1 + 31 + 4
        );
    }

    #[test]
    fn what_is_no_surge_is_refused() {
        for text in ["", "%", "101%", "-1", "+1", "1.5", "10 %", "99999999999"] {
            assert_eq!(text.parse::<MaxSurge>(), Err(NoMaxSurge), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_share_is_the_least_whole_number_that_covers_it(nodes in 0u32..5_000, share in 0u32..=100) {
            let surge = u64::from(MaxSurge::Percent(share).of(nodes));
            let exact = u64::from(nodes) * u64::from(share);
            prop_assert!(surge * 100 >= exact);
            prop_assert!(surge == 0 || (surge - 1) * 100 < exact);
        }

        #[test]
        fn a_surge_reads_back_as_written(nodes in 0u32..5_000, share in 0u32..=100) {
            for surge in [MaxSurge::Nodes(nodes), MaxSurge::Percent(share)] {
                prop_assert_eq!(surge.to_string().parse::<MaxSurge>(), Ok(surge));
            }
        }
    }
}
