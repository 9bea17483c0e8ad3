//! Small models, built in memory: what the tests simulate.

use snatsim::engine::{
    ActiveLimit, Ceiling, Grouping, Holds, IpChoice, Jitter, OnIdle, PoolPlan, Protocol,
    RefusedSyn, UdpKey,
};
use snatsim::model::{
    CountedCluster, Endpoint, Mix, Model, OpenProcess, Outbound, Traffic, Workload,
};
use snatsim::outbound::{Assumptions, OutboundType, Setup};
use snatsim::traffic::{Close, CloseKind, Connect, Law, Packets, Retry, TraceRow};
use snatsim::units::{Seed, SimTime};

/// Seconds as time.
pub fn s(seconds: f64) -> SimTime {
    SimTime::from_secs_f64(seconds)
}

/// All connections end by FIN.
pub const FIN: Close = Close {
    fin: 1.0,
    rst: 0.0,
    abandon: 0.0,
    unanswered: 0.0,
};

/// One SYN, no second try: pure loss.
pub const ONE_SYN: Connect = Connect {
    timeout: None,
    syn_retries: 0,
    syn_linear_timeouts: 0,
};

/// One try.
pub const ONE_TRY: Retry = Retry {
    attempts: 1,
    backoff: SimTime::from_secs(1),
    factor: 1.0,
    jitter: Jitter::NONE,
};

/// No port is held a moment longer than its connection lives.
pub const NO_HOLDS: Holds = Holds {
    idle: SimTime::from_secs(240),
    after_fin: SimTime::ZERO,
    after_rst: SimTime::ZERO,
    after_idle: SimTime::ZERO,
    half_open: SimTime::from_secs(30),
    udp_idle: SimTime::from_secs(240),
    after_udp: SimTime::ZERO,
};

/// Load Balancer's: hold-downs of `articles/app-service/troubleshoot-intermittent-outbound-connection-errors.md`,
/// idle timeout of AKS (`articles/aks/load-balancer-standard.md`).
pub const LOAD_BALANCER_HOLDS: Holds = Holds {
    idle: SimTime::from_secs(30 * 60),
    after_fin: SimTime::from_secs(240),
    after_rst: SimTime::from_secs(15),
    after_idle: SimTime::ZERO,
    half_open: SimTime::from_secs(30),
    udp_idle: SimTime::from_secs(30 * 60),
    after_udp: SimTime::ZERO,
};

/// NAT Gateway's, `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_GATEWAY_HOLDS: Holds = Holds {
    idle: SimTime::from_secs(240),
    after_fin: SimTime::from_secs(65),
    after_rst: SimTime::from_secs(16),
    after_idle: SimTime::ZERO,
    half_open: SimTime::from_secs(30),
    udp_idle: SimTime::from_secs(240),
    after_udp: SimTime::from_secs(65),
};

/// A plan of `limit` ports a pool and key with nothing else to it.
pub fn plan(grouping: Grouping, limit: u32, holds: Holds) -> PoolPlan {
    PoolPlan {
        grouping,
        limit,
        active_limit: None,
        holds,
        on_idle: OnIdle::Reset,
        udp_key: UdpKey::AddressAndPort,
        ceiling: None,
        refused_syn: RefusedSyn::Silent,
    }
}

/// A Load Balancer with `ports` for every node.
pub fn load_balancer(ports: u32) -> PoolPlan {
    PoolPlan {
        udp_key: UdpKey::Address,
        ..plan(Grouping::ByNode, ports, LOAD_BALANCER_HOLDS)
    }
}

/// A NAT Gateway of `ips` addresses.
pub fn nat_gateway(ips: u32, held_count_to_endpoint_limit: bool) -> PoolPlan {
    PoolPlan {
        active_limit: Some(ActiveLimit {
            limit: 50_000 * ips,
            counts_held: held_count_to_endpoint_limit,
        }),
        ceiling: Some(Ceiling { limit: 2_000_000 }),
        ..plan(Grouping::Shared, 64_512 * ips, NAT_GATEWAY_HOLDS)
    }
}

/// An Azure Firewall of `ips` addresses and `instances`.
pub fn firewall(ips: u32, instances: u32) -> PoolPlan {
    let buckets = Grouping::Buckets {
        ips,
        instances,
        choice: IpChoice::Random,
    };
    PoolPlan {
        ceiling: Some(Ceiling { limit: 250_000 }),
        ..plan(buckets, 2_496, NO_HOLDS)
    }
}

/// One TCP destination with one endpoint for every entry of `ports`, each at its own address.
pub fn tcp_endpoints(count: u32) -> Vec<Endpoint> {
    (0..count)
        .map(|destination| Endpoint {
            destination,
            protocol: Protocol::Tcp,
            address: destination,
            port: 443,
        })
        .collect()
}

/// A model without warm-up, one replication.
pub fn model(
    duration: SimTime,
    nodes: usize,
    endpoints: Vec<Endpoint>,
    workloads: Vec<Workload>,
    plans: impl IntoIterator<Item = PoolPlan>,
) -> Model {
    let destinations = endpoints
        .iter()
        .map(|e| e.destination + 1)
        .max()
        .unwrap_or(0);
    Model {
        name: "test".to_owned(),
        description: String::new(),
        duration,
        warmup: SimTime::ZERO,
        replications: 1,
        seed: Seed(1),
        confidence: 0.95,
        cluster: CountedCluster::default(),
        nodes: (0..nodes).map(|i| format!("node-{i}")).collect(),
        destinations: (0..destinations)
            .map(|i| format!("destination-{i}"))
            .collect(),
        endpoints,
        workloads,
        outbounds: plans.into_iter().map(outbound).collect(),
        node_nat: None,
        epochs: vec![snatsim::model::Epoch::default()],
        autoscalers: Vec::new(),
        assumptions: Assumptions::default(),
        notes: Vec::new(),
    }
}

fn outbound(plan: PoolPlan) -> Outbound {
    Outbound {
        name: "custom".to_owned(),
        kind: OutboundType::Custom,
        plan: Ok(plan),
        later_plans: Vec::new(),
        migrations: Vec::new(),
        buckets: Vec::new(),
        public_ips: None,
        setup: Setup::default(),
        notes: Vec::new(),
        paths: snatsim::model::Paths::default(),
    }
}

/// A workload with one SYN and one try.
pub fn workload(traffic: Traffic) -> Workload {
    Workload {
        name: "workload".to_owned(),
        traffic,
        connect: ONE_SYN,
        retry: ONE_TRY,
        packets: Packets::default(),
        pool: None,
    }
}

/// Connections from `nodes` to `endpoints` by their shares, closed by FIN.
pub fn mix(nodes: &[f64], endpoints: &[f64], lifetime: Law) -> Mix {
    let shares = |values: &[f64]| (0..).zip(values.iter().copied()).collect();
    Mix {
        nodes: shares(nodes),
        endpoints: shares(endpoints),
        lifetime,
        close: FIN,
    }
}

/// Poisson arrivals over the whole cluster.
pub fn poisson(per_second: f64, mix: Mix) -> Traffic {
    Traffic::Open {
        process: OpenProcess::Poisson,
        per_second,
        profile: None,
        bursts: Vec::new(),
        mix,
    }
}

/// Evenly spaced arrivals.
pub fn constant(per_second: f64, mix: Mix) -> Traffic {
    Traffic::Open {
        process: OpenProcess::Constant,
        per_second,
        profile: None,
        bursts: Vec::new(),
        mix,
    }
}

/// A row of a trace from node 0 to endpoint 0, packets all along.
pub fn row(start: f64, lifetime: f64, close: CloseKind) -> TraceRow {
    TraceRow {
        start: s(start),
        node: 0,
        endpoint: 0,
        lifetime: s(lifetime),
        close,
        keepalive: None,
    }
}
