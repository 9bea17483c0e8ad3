//! `result.json`: the document every table, chart and report is made from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the result format.
pub const SCHEMA_VERSION: u32 = 1;

/// The result of simulating a scenario. Times in seconds; counts whole, summed over replications.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// Version of this format.
    pub schema_version: u32,
    /// Version of snatsim that made it.
    pub snatsim: String,
    /// Name of the scenario.
    pub scenario: String,
    /// SHA-256 of the scenario after overrides and of every file it names, in hexadecimal.
    pub scenario_sha256: String,
    /// Seed of the run.
    pub seed: u64,
    /// Independent replications.
    pub replications: u32,
    /// Length of a run in seconds, warm-up included.
    pub duration: f64,
    /// Start of counting, in seconds.
    pub warmup: f64,
    /// Confidence of all intervals.
    pub confidence: f64,
    /// Seconds after midnight at which the run begins, in a weekly profile after that before Monday; absent where no workload
    /// follows the clock, or where they follow it from other times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_at_start: Option<f64>,
    /// Bursts by the clock that begin in the run, by workload; absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bursts: Vec<BurstResult>,
    /// One entry per outbound of the scenario, in its order.
    pub outbounds: Vec<OutboundResult>,
    /// Paired differences between outbounds, on the same connections; only from `compare`.
    pub comparisons: Vec<Comparison>,
    /// The assumptions in force, as in a scenario.
    pub assumptions: serde_json::Value,
    /// Values of assumptions that `--uncertainty` could not try, because the scenario cannot be simulated with them; absent
    /// where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_tried: Vec<NotTried>,
}

/// A value of an assumption with which the scenario cannot be simulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotTried {
    /// Name of the assumption.
    pub assumption: String,
    /// The value, as in a scenario.
    pub value: serde_json::Value,
}

/// A burst of a workload, as the scenario has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BurstResult {
    /// Workload.
    pub workload: String,
    /// When it begins first, in seconds from the start of the run.
    pub at: f64,
    /// Seconds after which it comes again; null where it comes once.
    pub every: Option<f64>,
    /// Connections over the whole cluster, each time.
    pub connections: u64,
}

/// What came of one outbound type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutboundResult {
    /// Name of the outbound.
    pub name: String,
    /// Its type, as in a scenario; where that changes in the course of the run, the first.
    pub outbound_type: String,
    /// The verdict.
    pub verdict: Verdict,
    /// One sentence a manager can read.
    pub summary: String,
    /// Names of the assumptions that would flip the verdict, as far as they were tried.
    pub depends_on: Vec<String>,
    /// What came of other values of assumptions, one at a time; only with `--uncertainty`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternatives: Option<Vec<Alternative>>,
    /// What a reader should know.
    pub findings: Vec<Finding>,
    /// What was simulated; none where Azure would refuse it (verdict `refused`).
    #[serde(flatten)]
    pub figures: Option<Figures>,
}

/// What came of another value of an assumption, on the same connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Alternative {
    /// Name of the assumption.
    pub assumption: String,
    /// Its value.
    pub value: serde_json::Value,
    /// The verdict under it.
    pub verdict: Verdict,
    /// The failure probability under it; none where Azure would refuse it.
    pub failure_probability: Option<Estimate>,
}

/// The verdict over one outbound type.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// No refused SYN, peak under 80 % of the limit.
    Clear,
    /// No refused SYN, peak at 80 % of the limit or more.
    Tight,
    /// Refused SYNs, but every connection got a port in the end.
    Slow,
    /// Connections failed.
    Exhausted,
    /// Azure would not accept it.
    Refused,
}

impl Verdict {
    /// All, from the best to the worst.
    pub const ALL: [Verdict; 5] = [
        Verdict::Clear,
        Verdict::Tight,
        Verdict::Slow,
        Verdict::Exhausted,
        Verdict::Refused,
    ];

    /// The word for it, as in `result.json`.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Clear => "clear",
            Verdict::Tight => "tight",
            Verdict::Slow => "slow",
            Verdict::Exhausted => "exhausted",
            Verdict::Refused => "refused",
        }
    }
}

/// One thing a reader should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    /// Code, explained by `snatsim explain CODE`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// One or two sentences.
    pub text: String,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Azure would refuse it.
    Error,
    /// Act on it.
    Warning,
    /// Good to know.
    Info,
}

/// The figures of one outbound type that was simulated.
///
/// What needs the minute series and the hold times is missing only in memory, after a run that
/// recorded no more than a table shows; a published document has all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Counters of offered connections.
    pub connections: Connections,
    /// failed / (offered - pending).
    pub failure_probability: Estimate,
    /// Replications in which a connection failed.
    pub replications_with_failure: ReplicationsWithFailure,
    /// The port pools.
    pub pools: Pools,
    /// The earliest refused SYN of a connection that fails, over replications; null if none.
    pub first_failure: Option<FirstFailure>,
    /// Minutes with a refused SYN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub refused_minutes: Option<RefusedMinutes>,
    /// Granted SYN minus first SYN, of established connections.
    pub connect_latency: ConnectLatency,
    /// From the grant of a port to its release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub port_hold: Option<PortHold>,
    /// What ports were held for, in port seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub port_seconds: Option<PortSeconds>,
    /// What the Erlang-B formula says.
    pub analytic: Analytic,
    /// How rarely a first SYN is refused in the steady state; only with `--rare`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rare: Option<Rare>,
    /// Replication by replication, in order.
    #[serde(default)]
    pub by_replication: Vec<ReplicationShare>,
    /// By pool.
    pub by_pool: Vec<Part>,
    /// By destination.
    pub by_destination: Vec<Part>,
    /// By workload.
    pub by_workload: Vec<Part>,
    /// What took no port, by workload, destination and rule; absent where every connection takes one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathResult>,
    /// What the node's own layer came to; absent without `cluster.nodeNat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_nat: Option<NodeNatResult>,
    /// What events did, in time order; absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventResult>,
    /// Minute series: mean over replications; minimum, median and maximum over pools, sums for totals.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub timeline: Option<Timeline>,
}

/// What came of the connections of one replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplicationShare {
    /// Offered connections that failed.
    pub failed: u64,
    /// Offered connections that were decided: offered - pending.
    pub decided: u64,
}

/// What the node's own layer came to, over all paths of connections: those that take a SNAT port and those that do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeNatResult {
    /// Local ports of one pod (or of a node, for pods on the host network) toward one destination address and port;
    /// refused are `connect()` calls, which fail at once.
    pub local_ports: NodeLimit,
    /// Ports of one node's address toward one destination address and port; refused are SYNs, which are dropped.
    pub masquerade: NodeLimit,
    /// Connections in one node's table; refused are SYNs, which are dropped.
    pub conntrack: NodeLimit,
    /// Connections that failed on their node and take no SNAT port: they are in no other counter of failures.
    pub failed_without_snat: u64,
}

/// A limit of the node's own layer. Counts are summed over replications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeLimit {
    /// The limit.
    pub limit: u64,
    /// The most in use at a time, after warm-up.
    pub peak_used: u64,
    /// Where that was; null where nothing was in use.
    pub at: Option<String>,
    /// Refused for it.
    pub refused: u64,
    /// Failed connections that it refused last.
    pub failed: u64,
}

/// Counters of connections; offered = established + failed + unanswered + pending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Connections {
    /// First SYN in [warmup, duration), on a path that needs a port.
    pub offered: u64,
    /// Some try got a port and an answer.
    pub established: u64,
    /// The last try ran out for lack of a port; with `nodeNat` also those that their node refused last.
    pub failed: u64,
    /// The last try had a port and no answer.
    pub unanswered: u64,
    /// Undecided at the end.
    pub pending: u64,
    /// Established, then lost the port under its owner.
    pub broken: u64,
    /// Established, but not on the first SYN.
    pub delayed: u64,
    /// The first SYN found no port.
    pub refused_first: u64,
    /// On a path that needs no port; outside offered, and of no pool.
    pub bypassed: u64,
    /// Stopped before any NAT; outside offered, and of no pool.
    pub denied: u64,
    /// `connect()` calls.
    pub tries: u64,
    /// SYNs sent.
    pub syns: u64,
    /// SYNs that found no port.
    pub refused_syns: u64,
}

/// An estimate with its interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Estimate {
    /// Point estimate; null when nothing was decided.
    pub estimate: Option<f64>,
    /// Lower bound, where there is one.
    pub low: Option<f64>,
    /// Upper bound, where there is one.
    pub high: Option<f64>,
    /// How the interval was made.
    pub method: IntervalMethod,
}

/// How an interval was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum IntervalMethod {
    /// Ratio estimate over at least 10 replications, jackknife variance, Student's t on the log scale.
    Replications,
    /// The same over at least 20 time batches of 10 or more mean holds each.
    Batches,
    /// None failed: an upper bound from the number of decided connections.
    ZeroFailures,
    /// No interval.
    None,
}

/// Replications in which a connection failed, with Clopper and Pearson's interval for their share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplicationsWithFailure {
    /// Replications with a failed connection.
    pub count: u32,
    /// Replications.
    pub of: u32,
    /// Lower bound of the share.
    pub low: f64,
    /// Upper bound of the share.
    pub high: f64,
}

/// Percentiles of the minutes' peaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsedPercentiles {
    /// Median.
    pub p50: u32,
    /// 95th percentile.
    pub p95: u32,
    /// 99th percentile.
    pub p99: u32,
    /// 99.9th percentile.
    #[serde(rename = "p99.9")]
    pub p999: u32,
}

/// The port pools of an outbound type; ports speak of a pool's fullest key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pools {
    /// Pools.
    pub count: u64,
    /// What each of them is.
    pub kind: PoolKind,
    /// Ports of a pool toward one key; of pools that are not alike, and where events change it, of the pool and at the time
    /// that came nearest to it.
    pub limit: u32,
    /// Pools that refused a SYN after warm-up in any replication.
    pub exhausted: u64,
    /// Highest number of ports in use toward one key, after warm-up, of the pools and in the time of that limit.
    pub peak_used: u32,
    /// Percentiles of each minute's peak, over pools, minutes and replications.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub used_percentiles: Option<UsedPercentiles>,
}

/// What a pool of ports is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PoolKind {
    /// The ports of a node.
    Node,
    /// Those of a NAT Gateway, for all nodes behind it.
    Gateway,
    /// Those of one instance of a firewall on one of its public IPs.
    Bucket,
    /// Ports that all nodes share; also where the outbound type changes and pools are of several kinds.
    Pool,
}

impl PoolKind {
    /// The word for one of them.
    pub fn word(self) -> &'static str {
        match self {
            PoolKind::Node => "node",
            PoolKind::Gateway => "gateway",
            PoolKind::Bucket => "bucket",
            PoolKind::Pool => "pool",
        }
    }
}

/// What happened at an instant of the run, and what it took back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventResult {
    /// Seconds from the start of the run.
    pub at: f64,
    /// What happened.
    pub what: String,
    /// Ports of a pool toward one key until then; of several gateways those of the largest.
    pub limit_before: u32,
    /// The same from then on.
    pub limit: u32,
    /// Ports in use that were taken back, those in a hold-down included, summed over replications.
    pub ports_taken_back: u64,
    /// Offered connections that were broken by it, summed over replications.
    pub broken: u64,
}

/// The first refused SYN of a connection that fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirstFailure {
    /// Seconds from the start of the run.
    pub at: f64,
    /// Pool.
    pub pool: String,
    /// Destination.
    pub destination: String,
    /// Replication, from 0.
    pub replication: u32,
    /// Whether it lies in the warm-up.
    pub during_warmup: bool,
}

/// Minutes with a refused SYN in any pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefusedMinutes {
    /// Summed over replications.
    pub count: u64,
    /// count / (minutes × replications).
    pub fraction: f64,
    /// Most in a row inside one replication.
    pub longest: u64,
}

/// Percentiles of the connect latency in seconds; null when nothing was established.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectLatency {
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// 99.9th percentile.
    #[serde(rename = "p99.9")]
    pub p999: Option<f64>,
    /// Maximum.
    pub max: Option<f64>,
}

/// How long ports were held, in seconds; null when none was granted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortHold {
    /// Mean.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
}

/// Port seconds by cause, clipped to [warmup, duration); they sum to the integral of ports held.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PortSeconds {
    /// TCP, from the grant to the last packet.
    pub open: f64,
    /// Hold-down after FIN.
    pub fin_hold: f64,
    /// Hold-down after RST.
    pub rst_hold: f64,
    /// From the last packet of an abandoned or broken connection to the release.
    pub idle: f64,
    /// UDP flows.
    pub udp: f64,
    /// Unanswered tries.
    pub half_open: f64,
}

/// What the Erlang-B formula says where it applies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Analytic {
    /// Arrival rate × mean hold, in Erlang, over all cells; null where it does not exist.
    pub offered_load: Option<f64>,
    /// Offered-weighted mean of the cells' Erlang-B; null where it does not apply.
    pub blocking: Option<f64>,
    /// Whether the formula is exact for this scenario.
    pub applies: bool,
    /// What stands against it; null where it applies.
    pub why: Option<String>,
}

/// How rarely a first SYN is refused in the steady state, from clusters of refusals that were met on purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rare {
    /// Probability that a first SYN finds no port, over all connections; null where it cannot be estimated.
    pub refused_first: Option<RareEstimate>,
    /// What was looked at; null where nothing was.
    pub cells: Option<RareCells>,
    /// What stands against an estimate; null where there is one.
    pub why: Option<String>,
}

/// An estimate of a small probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RareEstimate {
    /// The probability.
    pub estimate: f64,
    /// Lower bound at the result's confidence.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// Standard error over estimate.
    pub relative_standard_error: f64,
    /// How it was estimated.
    pub method: RareMethod,
}

/// How a small probability was estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RareMethod {
    /// Clusters of refusals, drawn on the condition that a pool would be exactly full; normal on the log scale.
    ConditionalClusters,
}

/// The cells (a pool toward one key) that a small probability was summed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RareCells {
    /// Cells that make up all but a thousandth.
    pub matter: u64,
    /// Cells.
    pub of: u64,
    /// Clusters of refusals drawn.
    pub clusters: u64,
}

/// The figures of one pool, destination or workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    /// Name.
    pub name: String,
    /// Counters.
    pub connections: Connections,
    /// failed / (offered - pending).
    pub failure_probability: Estimate,
    /// Highest number of ports in use toward one key.
    pub peak_used: u32,
    /// Ports of a pool toward one key.
    pub limit: u32,
    /// Percentiles of each minute's peak.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub used_percentiles: Option<UsedPercentiles>,
    /// Port seconds by cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub port_seconds: Option<PortSeconds>,
    /// What the Erlang-B formula says.
    pub analytic: Analytic,
    /// Requests, of a workload whose requests go through pools of connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Requests>,
}

/// Requests that go through pools of connections, made in [warmup, duration). What is neither reused, opened nor failed
/// was undecided at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requests {
    /// Requests made.
    pub requests: u64,
    /// Found a connection that was open before.
    pub reused: u64,
    /// Had a connection opened.
    pub opened: u64,
    /// reused / (reused + opened + failed); null where no request was decided.
    pub reuse_ratio: Option<f64>,
    /// Had to wait because all connections that the pool may have were in use.
    pub waited: u64,
    /// Met a connection that had idled out without a word, and had to have another.
    pub broken: u64,
    /// Had a connection opened for them that got no port, or no answer.
    pub failed: u64,
    /// From the request to its connection, of those that had one.
    pub wait_latency: ConnectLatency,
}

/// Connections that took no port: another way, or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PathResult {
    /// Workload.
    pub workload: String,
    /// Destination.
    pub destination: String,
    /// `bypassed` or `denied`.
    pub path: String,
    /// Which way, or what stopped them, such as `privateEndpoint` or `nsg`.
    pub reason: String,
    /// The rule, route or setting that decided it.
    pub rule: String,
    /// Connections, summed over replications.
    pub connections: u64,
}

/// Minute series in Azure Monitor's metric names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timeline {
    /// Seconds between values.
    pub interval: f64,
    /// The series.
    pub series: Vec<Series>,
}

/// One minute series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Series {
    /// Metric id; Azure Monitor's own where it has one, else prefixed `snatsim.`.
    pub metric: String,
    /// Unit.
    pub unit: String,
    /// How a minute's value is made from what happened in it.
    pub aggregation: String,
    /// Dimensions, in Azure Monitor's words; `pools` says which statistic over pools it is.
    pub dimensions: std::collections::BTreeMap<String, String>,
    /// One value a minute, from the minute that holds the end of the warm-up.
    pub values: Vec<f64>,
}

/// A paired difference between two outbounds, on the same connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Comparison {
    /// Name of the first outbound.
    pub a: String,
    /// Name of the second.
    pub b: String,
    /// What is compared.
    pub metric: String,
    /// b − a.
    pub difference: f64,
    /// Lower bound, where there is one.
    pub low: Option<f64>,
    /// Upper bound, where there is one.
    pub high: Option<f64>,
    /// Replications paired.
    pub pairs: u32,
}
