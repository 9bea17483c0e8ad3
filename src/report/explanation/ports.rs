//! The ports of an outbound type in sentences.

use crate::results::explanation::*;
use crate::results::words::{count, counted};

/// What the ports of a type are, and how far away what changes them is; one paragraph each.
pub(super) fn sentences(ports: &Ports, nodes: &Nodes, accepted: bool) -> Vec<String> {
    match ports {
        Ports::LoadBalancer(ports) if ports.automatic => automatic(ports, nodes),
        Ports::LoadBalancer(ports) => manual(ports, accepted),
        Ports::NatGateway(ports) => nat_gateway(ports, "all nodes"),
        Ports::NatGateways(several) => several
            .iter()
            .flat_map(|one| {
                let who = format!("the nodes of {}", one.node_pools.join(", "));
                let mut text = nat_gateway(&one.ports, &who);
                text[0] = format!("{}: {}", one.name, text[0]);
                text
            })
            .collect(),
        Ports::Firewall(ports) => vec![
            format!(
                "{} x {} = {} of {} ports toward one destination address and port: {} in all. \
                 A try is dealt one bucket and fails when that one is full.",
                counted(u64::from(ports.public_ips), "public IP"),
                counted(u64::from(ports.instances), "instance"),
                counted(u64::from(ports.public_ips * ports.instances), "bucket"),
                count(u64::from(ports.per_bucket)),
                count(ports.ports)
            ),
            format!(
                "Over all destinations it holds {} connections, 250,000 an instance. \
                 Microsoft recommends 20 public IPs or more behind AKS, or a NAT Gateway on the firewall's subnet.",
                count(ports.in_all)
            ),
        ],
        Ports::Custom(ports) => vec![format!(
            "{} ports toward one destination address and port, {}{}.",
            count(u64::from(ports.per_pool)),
            match ports.pool_per_node {
                true => "for every node",
                false => "shared by all nodes",
            },
            ports
                .active_per_pool
                .map_or_else(String::new, |active| format!(
                    ", of which {} may be active at once",
                    count(u64::from(active))
                ))
        )],
    }
}

fn automatic(ports: &LoadBalancerPorts, nodes: &Nodes) -> Vec<String> {
    let row = match &ports.table_row {
        Some(row) => format!(
            "Azure's table gives {} a public IP up to {}, times {}, at most 1,024",
            counted(u64::from(row.ports_per_ip), "port"),
            counted(u64::from(row.nodes_up_to), "node"),
            counted(u64::from(ports.public_ips), "public IP"),
        ),
        None => "Azure's table ends at 1,000 nodes, and this is assumed".to_owned(),
    };
    let mut text = vec![format!(
        "{} per node, allocated automatically for {}: {row}. Together {} of the {} there are.",
        counted(u64::from(ports.per_node), "port"),
        counted(ports.nodes, "node"),
        count(ports.needed),
        count(ports.supply),
    )];
    text.extend(ports.next_step.as_ref().map(|step| {
        let then = match step.ports {
            Some(then) => format!(
                "every node has {} instead of {}: each loses {}, and connections on those time out",
                count(u64::from(then)),
                count(u64::from(ports.per_node)),
                count(u64::from(ports.per_node.saturating_sub(then)))
            ),
            None => "it is assumed to be refused".to_owned(),
        };
        let within = match step.within_counted {
            true => format!(
                " Autoscaler and upgrades may make it {}, and so bring it there.",
                counted(nodes.counted, "node")
            ),
            false => String::new(),
        };
        format!(
            "Next step: at {}, {} more than there are, {then}.{within}",
            counted(u64::from(step.at_nodes), "node"),
            count(step.nodes_left + 1),
        )
    }));
    let one_more = &ports.one_more_ip;
    text.push(match one_more.per_node > ports.per_node {
        true => format!(
            "One more public IP would give every node {}.",
            counted(u64::from(one_more.per_node), "port")
        ),
        false => format!(
            "One more public IP would change nothing: a node would still have {}.",
            counted(u64::from(ports.per_node), "port")
        ),
    });
    text.push(format!(
        "By hand, allocatedOutboundPorts could be up to {} ({} / {}, rounded down to a multiple of 8).{}",
        count(u64::from(ports.largest_manual)),
        count(ports.supply),
        counted(nodes.counted, "counted node"),
        taken(ports),
    ));
    text
}

fn manual(ports: &LoadBalancerPorts, accepted: bool) -> Vec<String> {
    let mut text = vec![format!(
        "{} per node, set by allocatedOutboundPorts: {} x {} = {} needed, {} x 64,000 = {} there.{}",
        counted(u64::from(ports.per_node), "port"),
        counted(ports.nodes, "counted node"),
        count(u64::from(ports.per_node)),
        count(ports.needed),
        counted(u64::from(ports.public_ips), "public IP"),
        count(ports.supply + u64::from(ports.inbound_rules_take)),
        taken(ports),
    )];
    let largest = format!(
        "The most that is accepted for these nodes is {} per node",
        counted(u64::from(ports.largest_manual), "port")
    );
    if accepted {
        let room = match ports.nodes_left.unwrap_or(0) {
            0 => "There is no room for another counted node: with the next one".to_owned(),
            left => format!(
                "There is room for {}: with the next one after that",
                counted(left, "more counted node")
            ),
        };
        text.push(format!(
            "{room} every create, update or scale is refused. {} {largest}.",
            ports.next_refusal.as_deref().unwrap_or_default(),
        ));
    } else {
        text.push(format!(
            "{largest}; {} would take {}.",
            counted(u64::from(ports.per_node), "port"),
            counted(ports.public_ips_needed, "public IP")
        ));
    }
    text.push(format!(
        "One more public IP would not give a node more ports; it would raise the limit to {} of {}.",
        counted(ports.one_more_ip.most_nodes, "node"),
        counted(u64::from(ports.per_node), "port"),
    ));
    text
}

fn taken(ports: &LoadBalancerPorts) -> String {
    match ports.inbound_rules_take {
        0 => String::new(),
        taken => format!(
            " Services on the outbound frontend take {} of them in blocks of 8, which leaves {}.",
            count(u64::from(taken)),
            count(ports.supply)
        ),
    }
}

fn nat_gateway(ports: &NatGatewayPorts, who: &str) -> Vec<String> {
    vec![
        format!(
            "{} x 64,512 = {} ports toward one destination address and port, shared by {who}; \
             of them 50,000 a public IP may be {} at once: {}.",
            counted(u64::from(ports.public_ips), "public IP"),
            count(ports.ports),
            match ports.held_count {
                true => "active or held",
                false => "active",
            },
            count(ports.to_one_endpoint)
        ),
        format!(
            "Over all destinations it holds {} connections. It may have up to {} public IPs, and the number of nodes \
             does not matter to it.",
            count(ports.in_all),
            ports.most_public_ips
        ),
    ]
}
