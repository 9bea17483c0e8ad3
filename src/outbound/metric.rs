//! Azure Monitor metrics: what each outbound type publishes, and which series of a run each is read from.

/// A metric of an outbound type, at Azure Monitor's one-minute grain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Metric id, Azure Monitor's own in its exact case, or prefixed `snatsim.`.
    pub id: &'static str,
    /// Unit as Azure Monitor names it: `count` or `percent`.
    pub unit: &'static str,
    /// Aggregation within the minute: `max`, `total` or `average`.
    pub aggregation: &'static str,
    /// Dimension and its value, if there is one, such as `ConnectionState` `Failed`.
    pub dimension: Option<(&'static str, &'static str)>,
    /// What it is read from.
    pub source: MetricSource,
}

impl Metric {
    /// SYNs that found no port, where Azure Monitor has no metric of them.
    pub const REFUSED_SYNS: Metric = Metric {
        id: "snatsim.refusedSyns",
        unit: "count",
        aggregation: "total",
        dimension: None,
        source: MetricSource::Refused,
    };

    /// Peak of ports in use toward a pool's fullest key: what every outbound type has, Azure's metric or not.
    pub const USED_PORTS: Metric = Metric {
        id: "snatsim.usedPorts",
        unit: "count",
        aggregation: "max",
        dimension: None,
        source: MetricSource::Used,
    };
}

/// What a metric is read from, per pool and minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricSource {
    /// The limit of the pool.
    Allocated,
    /// Peak of ports in use toward the fullest key.
    Used,
    /// That peak in percent of the limit.
    UsedPercent,
    /// SYNs that got a port.
    Granted,
    /// SYNs that found none.
    Refused,
    /// SYNs, with and without a port.
    Attempted,
    /// Active connections when the minute ends.
    Active,
    /// Azure Firewall's health: 50 where a pool used more than 95 % in the minute, else 100.
    Health,
}
