//! The node's own layer in sentences.

use crate::outbound::azure;
use crate::results::explanation::{NodeLayerRow, OutboundNatRow, TableOrigin};
use crate::results::words::{count, counted, span};

/// Its limits, with the connections a second that they carry.
pub(super) fn sentences(layer: &NodeLayerRow) -> Vec<String> {
    let per_second = |limit: u64, seconds: f64| match seconds > 0.0 {
        true => count((limit as f64 / seconds) as u64),
        false => "any number of".to_owned(),
    };
    let wait = layer.time_wait;
    let default = azure::LOCAL_PORTS_DEFAULT;
    let of_pod = u64::from(default.1 - default.0) + 1;
    let other = layer.pod_local_ports.iter();
    let other = other.filter(|(_, ports)| **ports != of_pod);
    let other: String = other
        .map(|(workload, ports)| {
            format!(
                " Those of {workload} have {} (localPortRange).",
                count(*ports)
            )
        })
        .collect();
    let local = format!(
        "A pod has {} - {} + 1 = {} local ports toward one destination address and port, whatever its node is set to; pods \
         on the host network share the {} of their node.{other} A connection that its pod closed keeps its port for {} \
         (TIME_WAIT): {} / {} = {} connections a second and pod, if each takes no time at all. Beyond that connect() fails \
         at once.",
        count(u64::from(default.1)),
        count(u64::from(default.0)),
        count(of_pod),
        count(layer.local_ports),
        span(wait),
        count(of_pod),
        wait,
        per_second(of_pod, wait),
    );
    let fin = layer.tracked_after_fin;
    let masquerade = match layer.masquerades {
        false => {
            "Nothing is masqueraded to a node's address: pods connect with their own.".to_owned()
        }
        true => format!(
            "Masqueraded to the node's address, all pods of a node share {} ports toward one destination, each held as long \
             as its connection is in the node's table, {} after FIN: {} / {} = {} connections a second and node. Beyond that \
             SYNs are dropped. No pod has more connections in the table toward one destination than it uses local ports, so \
             {} pods of a node cannot use them up, however fast they connect.",
            count(layer.masquerade_ports),
            span(fin),
            count(layer.masquerade_ports),
            fin,
            per_second(layer.masquerade_ports, fin),
            count(layer.masquerade_ports / of_pod.max(1)),
        ),
    };
    let rules = format!(
        "max(32,768 x {} vCPUs, 131,072) = {} as observed, {} GiB / 16,384 bytes = {} as documented",
        layer.v_cpus,
        count(layer.conntrack_observed),
        layer.memory_gib,
        count(layer.conntrack_documented),
    );
    let from = match layer.conntrack_from {
        TableOrigin::Set => format!("as netNetfilterNfConntrackMax sets it (otherwise {rules})"),
        TableOrigin::Observed => {
            let set = layer.conntrack_set.map_or_else(String::new, |set| {
                format!(
                    ", and with it that netNetfilterNfConntrackMax ({}) has no effect, because kube-proxy sets its own",
                    count(set)
                )
            });
            format!("{rules}; the assumption conntrackSize takes what was observed{set}")
        }
        TableOrigin::Documented => {
            format!("{rules}; the assumption conntrackSize takes what is documented")
        }
    };
    let table = format!(
        "A node's connection table holds {}: {from}. A connection stays in it for {} after FIN, {} after RST, {} after a SYN \
         without an answer, {} after the last packet of one that nobody closes, {} after that of a UDP flow, {} if that \
         lasted for more than two seconds: {} / {} = {} \
         connections a second and node that end by FIN, wherever they go. Beyond that SYNs are dropped.",
        count(layer.conntrack),
        span(fin),
        span(layer.tracked_after_rst),
        span(layer.tracked_syn),
        span(layer.tracked_established),
        span(layer.tracked_udp),
        span(layer.tracked_udp_stream),
        count(layer.conntrack),
        fin,
        per_second(layer.conntrack, fin),
    );
    let windows = layer.outbound_nat.as_ref().map(windows);
    [local, masquerade, table]
        .into_iter()
        .chain(windows)
        .collect()
}

/// What pods of Windows nodes share.
fn windows(nat: &OutboundNatRow) -> String {
    let each = match nat.per_destination {
        true => "toward one destination address and port",
        false => "in all",
    };
    let held = match nat.hold > 0.0 {
        true => format!(" and {} more", span(nat.hold)),
        false => String::new(),
    };
    format!(
        "On {} none of this holds: pods share {} ports of their node's address {each} (OutboundNAT), each held as long as \
         its connection{held}. With connections of 1 s, {} a second and node keep them all busy, whatever the outbound type \
         has. Beyond that SYNs are dropped.",
        counted(nat.nodes, "Windows node"),
        nat.ports,
        count((nat.ports as f64 / (1.0 + nat.hold)).ceil() as u64),
    )
}
