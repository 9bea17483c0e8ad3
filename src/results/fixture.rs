//! Models and runs made by hand, for the tests of this layer and of those above.

use crate::engine::{
    ActiveLimit, Grouping, Holds, IpChoice, Jitter, OnIdle, PoolPlan, Protocol, RefusedSyn, UdpKey,
};
use crate::model::{
    CountedCluster, Endpoint, Mix, Model, OpenProcess, Outbound, Traffic, Workload,
};
use crate::outbound::{Assumptions, OutboundType, Setup};
use crate::record::{Latencies, Slot, Tally, UsedCounts};
use crate::results::{About, Document, document};
use crate::simulate::{FirstFailure, Minutes, OutboundRun, ReplicationRun, RunResult, slots_in};
use crate::traffic::{Close, Connect, Law, Packets, Retry};
use crate::units::{Seed, SimTime};

/// A plan without any hold-down.
pub fn plan(grouping: Grouping, limit: u32) -> PoolPlan {
    PoolPlan {
        grouping,
        limit,
        active_limit: None,
        holds: Holds {
            idle: SimTime::from_secs(240),
            after_fin: SimTime::ZERO,
            after_rst: SimTime::ZERO,
            after_idle: SimTime::ZERO,
            half_open: SimTime::from_secs(30),
            udp_idle: SimTime::from_secs(240),
            after_udp: SimTime::ZERO,
        },
        on_idle: OnIdle::Reset,
        udp_key: UdpKey::AddressAndPort,
        ceiling: None,
        refused_syn: RefusedSyn::Silent,
    }
}

/// A Load Balancer's plan: ports per node, 240 s after FIN.
pub fn load_balancer(ports: u32) -> PoolPlan {
    let mut plan = plan(Grouping::ByNode, ports);
    plan.holds.after_fin = SimTime::from_secs(240);
    plan
}

/// A NAT Gateway's plan.
pub fn nat_gateway(ips: u32) -> PoolPlan {
    let mut plan = plan(Grouping::Shared, 64_512 * ips);
    plan.active_limit = Some(ActiveLimit {
        limit: 50_000 * ips,
        counts_held: false,
    });
    plan.holds.after_fin = SimTime::from_secs(65);
    plan
}

/// An Azure Firewall's plan.
pub fn firewall(ips: u32, instances: u32) -> PoolPlan {
    plan(
        Grouping::Buckets {
            ips,
            instances,
            choice: IpChoice::Random,
        },
        2_496,
    )
}

/// A workload of Poisson arrivals in pure loss; `nodes` and `endpoints` with their shares.
pub fn poisson(
    name: &str,
    per_second: f64,
    lifetime: Law,
    nodes: &[(u32, f64)],
    endpoints: &[(u32, f64)],
) -> Workload {
    Workload {
        name: name.to_owned(),
        traffic: Traffic::Open {
            process: OpenProcess::Poisson,
            per_second,
            profile: None,
            bursts: Vec::new(),
            mix: Mix {
                nodes: nodes.to_vec(),
                endpoints: endpoints.to_vec(),
                lifetime,
                close: Close {
                    fin: 1.0,
                    rst: 0.0,
                    abandon: 0.0,
                    unanswered: 0.0,
                },
            },
        },
        packets: Packets::default(),
        pool: None,
        connect: Connect {
            timeout: None,
            syn_retries: 0,
            syn_linear_timeouts: 0,
        },
        retry: Retry {
            attempts: 1,
            backoff: SimTime::from_secs(1),
            factor: 2.0,
            jitter: Jitter::NONE,
        },
    }
}

/// A model of `nodes` nodes and `destinations` TCP destinations, one hour after ten minutes of warm-up.
pub fn model(nodes: usize, destinations: usize, workloads: Vec<Workload>) -> Model {
    Model {
        name: "fixture".to_owned(),
        description: String::new(),
        duration: SimTime::from_secs(4_200),
        warmup: SimTime::from_secs(600),
        replications: 1,
        seed: Seed(1),
        confidence: 0.95,
        cluster: CountedCluster::default(),
        nodes: (0..nodes).map(|node| format!("apps-{node}")).collect(),
        destinations: (0..destinations).map(|to| format!("to-{to}")).collect(),
        endpoints: (0..destinations as u32)
            .map(|index| Endpoint {
                destination: index,
                protocol: Protocol::Tcp,
                address: index,
                port: 443,
            })
            .collect(),
        workloads,
        outbounds: Vec::new(),
        node_nat: None,
        epochs: vec![crate::model::Epoch::default()],
        autoscalers: Vec::new(),
        assumptions: Assumptions::default(),
        notes: Vec::new(),
    }
}

/// An outbound of the model.
pub fn outbound(name: &str, kind: OutboundType, plan: PoolPlan) -> Outbound {
    Outbound {
        name: name.to_owned(),
        kind,
        plan: Ok(plan),
        later_plans: Vec::new(),
        migrations: Vec::new(),
        buckets: Vec::new(),
        public_ips: Some(1),
        setup: Setup::default(),
        notes: Vec::new(),
        paths: crate::model::Paths::default(),
    }
}

/// What a replication of `model` under `plan` brings when nothing is refused: 1,000 connections, half the ports in use.
pub fn quiet(model: &Model, plan: &PoolPlan) -> ReplicationRun {
    let pools = plan.pools(model.nodes.len());
    let minutes = 60;
    let half = plan.limit / 2;
    let all = Tally {
        offered: 1_000,
        established: 1_000,
        tries: 1_000,
        syns: 1_000,
        port_nanos: [1_000_000_000_000, 240_000_000_000_000, 0, 0, 0, 0],
        ..Tally::default()
    };
    let first_only = |count: usize| {
        let mut tallies = vec![Tally::default(); count];
        tallies[0] = all.clone();
        tallies
    };
    let mut slots = vec![Slot::default(); slots_in(model)];
    slots[0].offered = 1_000;
    let mut used = UsedCounts::default();
    used.add(half, (pools * minutes) as u64);
    ReplicationRun {
        taken_back: Vec::new(),
        highest_use: None,
        total: all.clone(),
        by_pool: first_only(pools),
        by_destination: first_only(model.destinations.len()),
        by_workload: first_only(model.workloads.len()),
        slots,
        first_failure: None,
        peak_used: vec![half; pools],
        peak_active: vec![half; pools],
        refused: vec![false; pools],
        peak_by_destination: vec![half; model.destinations.len()],
        peak_by_workload: vec![half; model.workloads.len()],
        minutes: Some(Minutes {
            minutes,
            first: 10,
            peak: vec![half; pools * minutes],
            granted: vec![16; pools * minutes],
            refused: vec![0; pools * minutes],
            active: vec![4; pools * minutes],
            by_destination: vec![used.clone(); model.destinations.len()],
            by_workload: vec![used; model.workloads.len()],
        }),
    }
}

/// Turns `failed` connections of pool 0 into failures at minute 20 of the run.
pub fn fail(run: &mut ReplicationRun, plan: &PoolPlan, failed: u64) {
    for tally in [
        &mut run.total,
        &mut run.by_pool[0],
        &mut run.by_destination[0],
        &mut run.by_workload[0],
    ] {
        tally.established -= failed;
        tally.failed += failed;
        tally.refused_first += failed;
        tally.refused_syns += failed;
    }
    run.slots[0].failed += failed;
    run.first_failure = Some(FirstFailure {
        at: SimTime::from_secs(1_205),
        pool: 0,
        destination: 0,
    });
    run.peak_used[0] = plan.limit;
    run.refused[0] = true;
    let minutes = run.minutes.as_mut().expect("a fixture records minutes");
    minutes.refused[10] = failed as u32;
    minutes.peak[10] = plan.limit;
}

/// One outbound's run from its replications.
pub fn run(replications: Vec<ReplicationRun>) -> OutboundRun {
    let mut connect_latency = Latencies::default();
    let mut port_hold = Latencies::default();
    for replication in &replications {
        connect_latency.record_zeros(replication.total.established);
        for _ in 0..replication.total.established {
            port_hold.record(SimTime::from_secs(241));
        }
    }
    OutboundRun {
        mean_uses: vec![0.5; replications.len()],
        replications,
        connect_latency,
        port_hold,
        fullest_mean_use: 0.5,
        asides: Default::default(),
        requests: Default::default(),
        nodes: None,
    }
}

/// The document of [`comparison`].
pub fn compared(failed: &[u64]) -> Document {
    let (model, run) = comparison(failed);
    let about = About {
        scenario_sha256: String::new(),
        compare: true,
    };
    document(&model, &run, &about)
}

/// A model with a Load Balancer of 1,024 ports on which `failed[r]` of 1,000 connections fail in replication r,
/// a NAT Gateway on which none does, and the run of both.
pub fn comparison(failed: &[u64]) -> (Model, RunResult) {
    let lifetime = Law::Exponential { mean: 1.0 };
    let mut model = model(
        2,
        1,
        vec![poisson(
            "shop",
            8.0,
            lifetime,
            &[(0, 0.5), (1, 0.5)],
            &[(0, 1.0)],
        )],
    );
    model.replications = failed.len() as u32;
    let (lb, nat) = (load_balancer(1_024), nat_gateway(1));
    let full = failed
        .iter()
        .map(|failed| {
            let mut replication = quiet(&model, &lb);
            if *failed > 0 {
                fail(&mut replication, &lb, *failed);
            }
            replication
        })
        .collect();
    let quiet = failed.iter().map(|_| quiet(&model, &nat)).collect();
    model.outbounds = vec![
        outbound("LB default", OutboundType::LoadBalancer, lb),
        outbound("NAT gateway", OutboundType::ManagedNatGateway, nat),
    ];
    let run = RunResult {
        outbounds: vec![Some(run(full)), Some(run(quiet))],
    };
    (model, run)
}
