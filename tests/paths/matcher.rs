//! Rules and routes against a matcher that looks at all of them, one by one.

use super::{model, plain};
use proptest::prelude::*;
use serde_json::{Value, json};
use snatsim::model::{Bypass, Denial, Path};

/// An IPv4 prefix as two numbers, for a matcher that shares nothing with the model's.
type Net = (u32, u32);

fn text(net: Net) -> String {
    let [a, b, c, d] = net.0.to_be_bytes();
    format!("{a}.{b}.{c}.{d}/{}", net.1)
}

fn holds(net: Net, address: u32) -> bool {
    let mask = if net.1 == 0 {
        0
    } else {
        u32::MAX << (32 - net.1)
    };
    address & mask == net.0 & mask
}

const PRIVATE: [Net; 4] = [
    (0x0A00_0000, 8),
    (0xAC10_0000, 12),
    (0xC0A8_0000, 16),
    (0x6440_0000, 10),
];

#[derive(Clone, Debug)]
struct Rule {
    priority: u32,
    allow: bool,
    tcp: Option<bool>,
    /// None: a tag, by the number beside it.
    net: Option<Net>,
    tag: usize,
    ports: (u16, u16),
}

#[derive(Clone, Debug)]
struct Hop {
    net: Net,
    kind: usize,
}

const KINDS: [&str; 5] = [
    "Internet",
    "None",
    "VnetLocal",
    "VirtualNetworkGateway",
    "VirtualAppliance",
];
const TAGS: [&str; 3] = ["*", "Internet", "VirtualNetwork"];

/// Prefixes and addresses from a handful of bits, so that they meet.
fn address() -> impl Strategy<Value = u32> {
    (
        prop::sample::select(vec![0x0A00_0000u32, 0xCB00_7100, 0xAC10_0000, 0xC633_6400]),
        0u32..16,
        0u32..4,
    )
        .prop_map(|(base, low, high)| base | low | high << 16)
}

fn net() -> impl Strategy<Value = Net> {
    (
        address(),
        prop::sample::select(vec![0u32, 8, 12, 14, 16, 24, 28, 30, 32]),
    )
}

prop_compose! {
    fn rule()(
        allow: bool, tcp in prop::option::of(any::<bool>()), net in prop::option::of(net()), tag in 0usize..3,
        from in 440u16..446, more in 0u16..4,
    ) -> Rule {
        Rule { priority: 0, allow, tcp, net, tag, ports: (from, from + more) }
    }
}

fn rules() -> impl Strategy<Value = Option<Vec<Rule>>> {
    let numbered = prop::collection::btree_map(100u32..120, rule(), 0..6).prop_map(|rules| {
        let rules = rules.into_iter();
        rules
            .map(|(priority, rule)| Rule { priority, ..rule })
            .collect::<Vec<Rule>>()
    });
    prop::option::of(numbered.prop_shuffle())
}

fn hops() -> impl Strategy<Value = Vec<Hop>> {
    prop::collection::vec(
        (net(), 0usize..5).prop_map(|(net, kind)| Hop { net, kind }),
        0..6,
    )
}

/// The first rule that matches, by looking at all of them in the order of their numbers; then Azure's own.
fn lets_through(
    rules: &[Rule],
    (virtual_network, in_space): (bool, bool),
    address: u32,
    tcp: bool,
    port: u16,
) -> bool {
    let private = PRIVATE.iter().any(|net| holds(*net, address));
    for priority in 100..120 {
        let Some(rule) = rules.iter().find(|rule| rule.priority == priority) else {
            continue;
        };
        let to = match (rule.net, rule.tag) {
            (Some(net), _) => holds(net, address),
            (None, 0) => true,
            (None, 1) => !private && !in_space,
            (None, _) => virtual_network,
        };
        if to
            && rule.tcp.is_none_or(|only| only == tcp)
            && (rule.ports.0..=rule.ports.1).contains(&port)
        {
            return rule.allow;
        }
    }
    virtual_network || !private
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn rules_and_routes_decide_as_one_by_one(
        nic in rules(), subnet in rules(), hops in hops(), address in address(), tcp: bool, port in 438u16..450,
        space in prop::option::of(prop::collection::vec(net(), 0..3)),
    ) {
        let mut table: Vec<Hop> = Vec::new();
        for hop in hops {
            let same = |other: &Hop| other.net.1 == hop.net.1 && holds(other.net, hop.net.0);
            if !table.iter().any(same) {
                table.push(hop);
            }
        }
        let listed = |rules: &Option<Vec<Rule>>| rules.as_ref().map(|rules| {
            rules.iter().map(|rule| json!({
                "name": format!("r{}", rule.priority), "priority": rule.priority, "direction": "Outbound",
                "access": if rule.allow { "Allow" } else { "Deny" },
                "protocol": match rule.tcp { None => "*", Some(true) => "Tcp", Some(false) => "Udp" },
                "destinationAddressPrefix": rule.net.map_or(TAGS[rule.tag].to_owned(), text),
                "destinationPortRange": format!("{}-{}", rule.ports.0, rule.ports.1),
            })).collect::<Vec<Value>>()
        });
        let routes: Vec<Value> = table.iter().map(|hop| json!({
            "addressPrefix": text(hop.net), "nextHopType": KINDS[hop.kind],
            "nextHopIpAddress": (hop.kind == 4).then_some("10.0.0.99"),
        })).collect();
        let mut scenario = plain(json!({
            "port": port, "protocol": if tcp { "tcp" } else { "udp" },
            "address": std::net::Ipv4Addr::from(address).to_string(),
        }));
        scenario["outbound"] = json!([{ "outboundType": "managedNATGateway" }]);
        scenario["network"] = json!({
            "vnetAddressSpace": space.as_ref().map(|nets| nets.iter().map(|net| text(*net)).collect::<Vec<_>>()),
            "nsg": { "nic": listed(&nic), "subnet": listed(&subnet) },
            "routeTable": routes,
        });

        // By looking at every length from the longest, the user's first.
        let space: Vec<Net> = space.unwrap_or_else(|| PRIVATE.to_vec());
        let in_space = space.iter().any(|net| holds(*net, address));
        let virtual_network = table.iter().any(|hop| holds(hop.net, address)) || in_space;
        let has_default = table.iter().any(|hop| hop.net.1 == 0);
        let mut expected = None;
        for length in (0..=32).rev() {
            let here = |net: &Net| net.1 == length && holds(*net, address);
            let user = table.iter().find(|hop| here(&hop.net)).map(|hop| hop.kind);
            let own = space.iter().any(here).then_some(2);
            let none = (!has_default && PRIVATE.iter().any(here)).then_some(1);
            let rest = (length == 0).then_some(0);
            if let Some(kind) = user.or(own).or(none).or(rest) {
                expected = Some(kind);
                break;
            }
        }
        let through = [&nic, &subnet].into_iter().flatten().all(|rules| {
            lets_through(rules, (virtual_network, in_space), address, tcp, port)
        });
        let expected = match (through, expected.expect("a default route")) {
            (false, _) => Path::Denied(Denial::Nsg),
            (true, 0) => Path::Snat,
            (true, 1) => Path::Denied(Denial::NextHopNone),
            (true, 2) => Path::Bypassed(Bypass::Vnet),
            (true, 3) => Path::Bypassed(Bypass::OnPremises),
            (true, _) => Path::Bypassed(Bypass::VirtualAppliance),
        };
        let model = model(&scenario);
        let found = model.paths(&model.outbounds[0]);
        prop_assert_eq!(found[0].decision.path, expected, "{}", scenario);
    }
}
