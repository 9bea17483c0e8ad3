//! A network security group: outbound rules by priority, the first match decides.

use super::super::build::Review;
use super::network;
use super::target::Flow;
use crate::engine::Protocol;
use crate::fault::{Code, Fault, step};
use crate::scenario::{AccessSpec, DirectionSpec, NsgRuleSpec, RuleProtocolSpec};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A network security group.
pub struct Nsg {
    /// What it is on: `subnet` or `nic`.
    on: &'static str,
    /// Its outbound rules, the lowest priority number first.
    rules: Vec<Rule>,
}

struct Rule {
    name: String,
    priority: i64,
    allows: bool,
    protocol: RuleProtocolSpec,
    to: Vec<Prefix>,
    ports: Vec<RangeInclusive<u16>>,
}

enum Prefix {
    Any,
    Internet,
    VirtualNetwork,
    Network(IpNet),
}

impl Nsg {
    pub fn read(
        on: &'static str,
        rules: &[NsgRuleSpec],
        pointer: &str,
        review: &mut Review,
    ) -> Nsg {
        check_priorities(rules, pointer, review);
        let mut read: Vec<Rule> = rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.direction == DirectionSpec::Outbound)
            .map(|(i, rule)| Rule::read(rule, &step(pointer, i), review))
            .collect();
        read.sort_by_key(|rule| rule.priority);
        Nsg { on, rules: read }
    }

    /// The rule that stops `flow`, if one does.
    pub fn denies(&self, flow: &Flow, tags: Tags) -> Option<String> {
        let matching = |rule: &&Rule| rule.matches(flow, tags);
        match self.rules.iter().find(matching) {
            Some(rule) if rule.allows => None,
            Some(rule) => Some(format!(
                "rule {} (priority {}) of the NSG on the {}",
                rule.name,
                rule.priority,
                self.on()
            )),
            // AllowVnetOutBound (65000) and AllowInternetOutBound (65001).
            None if tags.virtual_network || tags.internet => None,
            None => Some(format!(
                "DenyAllOutBound (priority 65500) of the NSG on the {}: the address is neither in VirtualNetwork nor in \
                 Internet",
                self.on()
            )),
        }
    }

    fn on(&self) -> &'static str {
        match self.on {
            "nic" => "network interface",
            other => other,
        }
    }
}

impl Rule {
    fn read(spec: &NsgRuleSpec, pointer: &str, review: &mut Review) -> Rule {
        refuse_what_is_not_known(spec, pointer, review);
        let prefixes = both(
            &spec.destination_address_prefix,
            &spec.destination_address_prefixes,
            pointer,
            ["destinationAddressPrefix", "destinationAddressPrefixes"],
        );
        let ports = both(
            &spec.destination_port_range,
            &spec.destination_port_ranges,
            pointer,
            ["destinationPortRange", "destinationPortRanges"],
        );
        for (list, [field, fields], example) in [
            (
                &prefixes,
                ["destinationAddressPrefix", "destinationAddressPrefixes"],
                "*",
            ),
            (
                &ports,
                ["destinationPortRange", "destinationPortRanges"],
                "443",
            ),
        ] {
            if list.is_empty() {
                review.fault(Fault {
                    code: Code::E0234,
                    pointer: pointer.to_owned(),
                    found: format!("Rule \"{}\" has no {field}.", spec.name),
                    allowed: format!("\"{field}\", or a list as \"{fields}\""),
                    remedy: format!("Add \"{field}\": \"{example}\"; \"*\" stands for all."),
                });
            }
        }
        Rule {
            name: spec.name.clone(),
            priority: spec.priority,
            allows: spec.access == AccessSpec::Allow,
            protocol: spec.protocol,
            to: prefixes
                .iter()
                .filter_map(|(text, at)| prefix(text, at, review))
                .collect(),
            ports: ports
                .iter()
                .filter_map(|(text, at)| range(text, at, review))
                .collect(),
        }
    }

    fn matches(&self, flow: &Flow, tags: Tags) -> bool {
        let protocol = match self.protocol {
            RuleProtocolSpec::Any => true,
            RuleProtocolSpec::Tcp => flow.protocol == Protocol::Tcp,
            RuleProtocolSpec::Udp => flow.protocol == Protocol::Udp,
            RuleProtocolSpec::Icmp | RuleProtocolSpec::Esp | RuleProtocolSpec::Ah => false,
        };
        let to = |prefix: &Prefix| match prefix {
            Prefix::Any => true,
            Prefix::Internet => tags.internet,
            Prefix::VirtualNetwork => tags.virtual_network,
            Prefix::Network(network) => flow.target.is_in(network),
        };
        protocol
            && self.to.iter().any(to)
            && self.ports.iter().any(|ports| ports.contains(&flow.port))
    }
}

/// Which service tags hold a target. `articles/virtual-network/service-tags-overview.md`.
#[derive(Clone, Copy, Debug)]
pub struct Tags {
    /// `VirtualNetwork`: the address space, what is connected with it, and the prefixes of user-defined routes.
    pub virtual_network: bool,
    /// `Internet`: public addresses outside the virtual network.
    pub internet: bool,
}

/// The single value and the list, each with its place; lists are empty where Azure has nothing to print.
fn both(
    one: &Option<String>,
    several: &Option<Vec<String>>,
    pointer: &str,
    [name, names]: [&str; 2],
) -> Vec<(String, String)> {
    let one = one.iter().filter(|text| !text.is_empty());
    let one = one.map(|text| (text.clone(), step(pointer, name)));
    let list = several.iter().flatten().enumerate();
    let list = list.map(|(i, text)| (text.clone(), step(&step(pointer, names), i)));
    one.chain(list).collect()
}

/// Azure's rules about priorities: 100 to 4096, each once a direction.
/// `articles/virtual-network/network-security-groups-overview.md`.
fn check_priorities(rules: &[NsgRuleSpec], pointer: &str, review: &mut Review) {
    let mut seen: BTreeMap<(bool, i64), &str> = BTreeMap::new();
    for (i, rule) in rules.iter().enumerate() {
        let at = step(&step(pointer, i), "priority");
        if !(100..=4096).contains(&rule.priority) {
            review.fault(Fault {
                code: Code::E0231,
                pointer: at.clone(),
                found: format!("Rule \"{}\" has priority {}.", rule.name, rule.priority),
                allowed: "100 to 4096".to_owned(),
                remedy: "Azure's own rules (65000 and above) are always there; leave them out."
                    .to_owned(),
            });
        }
        let outbound = rule.direction == DirectionSpec::Outbound;
        if let Some(other) = seen.insert((outbound, rule.priority), &rule.name) {
            review.fault(Fault {
                code: Code::E0231,
                pointer: at,
                found: format!(
                    "Rules \"{other}\" and \"{}\" both have priority {}.",
                    rule.name, rule.priority
                ),
                allowed: "each priority once in a direction".to_owned(),
                remedy: "Give one of them another priority; the lower number is looked at first."
                    .to_owned(),
            });
        }
    }
}

/// Nodes have no addresses here, and no groups of applications: a rule for some of them cannot be decided.
fn refuse_what_is_not_known(spec: &NsgRuleSpec, pointer: &str, review: &mut Review) {
    const EVERYWHERE: [&str; 4] = ["*", "VirtualNetwork", "0.0.0.0/0", "Any"];
    const ALL_PORTS: [&str; 2] = ["*", "0-65535"];
    let sources = both(
        &spec.source_address_prefix,
        &spec.source_address_prefixes,
        pointer,
        ["sourceAddressPrefix", "sourceAddressPrefixes"],
    );
    let ports = both(
        &spec.source_port_range,
        &spec.source_port_ranges,
        pointer,
        ["sourcePortRange", "sourcePortRanges"],
    );
    let some = |list: Vec<(String, String)>, all: &[&str]| -> Option<(String, String)> {
        let is_all =
            |(text, _): &(String, String)| all.iter().any(|word| word.eq_ignore_ascii_case(text));
        if list.iter().any(is_all) {
            return None;
        }
        list.into_iter().next()
    };
    let groups = |list: &Option<Vec<_>>, field: &str| {
        let named = list.as_ref().is_some_and(|list| !list.is_empty());
        named.then(|| ("a group".to_owned(), step(pointer, field)))
    };
    let unknown = [
        (
            some(sources, &EVERYWHERE),
            "only some sources: nodes have no addresses here",
            "\"*\", \"VirtualNetwork\" or \"0.0.0.0/0\" as source",
        ),
        (
            some(ports, &ALL_PORTS),
            "only some source ports: clients take any",
            "\"*\" as source port",
        ),
        (
            groups(
                &spec.source_application_security_groups,
                "sourceApplicationSecurityGroups",
            ),
            "application security groups, which no node belongs to here",
            "no application security groups",
        ),
        (
            groups(
                &spec.destination_application_security_groups,
                "destinationApplicationSecurityGroups",
            ),
            "application security groups, which no destination belongs to here",
            "no application security groups",
        ),
    ];
    for (found, what, allowed) in unknown {
        if let Some((_, at)) = found {
            review.fault(Fault {
                code: Code::E0233,
                pointer: at,
                found: format!("Rule \"{}\" is for {what}.", spec.name),
                allowed: allowed.to_owned(),
                remedy:
                    "Write \"*\" if it covers all nodes, or leave the rule out if it covers none."
                        .to_owned(),
            });
        }
    }
}

fn prefix(text: &str, pointer: &str, review: &mut Review) -> Option<Prefix> {
    let tag = |word: &str| text.eq_ignore_ascii_case(word);
    if tag("*") || tag("Any") {
        return Some(Prefix::Any);
    }
    if tag("Internet") {
        return Some(Prefix::Internet);
    }
    if tag("VirtualNetwork") {
        return Some(Prefix::VirtualNetwork);
    }
    if let Some(network) = network(text) {
        return Some(Prefix::Network(network));
    }
    let is_tag = text.starts_with(|c: char| c.is_ascii_alphabetic()) && !text.contains(':');
    review.fault(Fault {
        code: Code::E0232,
        pointer: pointer.to_owned(),
        found: match is_tag {
            true => format!("The service tag \"{text}\" stands for networks that change every week."),
            false => format!("\"{text}\" is no network."),
        },
        allowed: "a network such as \"203.0.113.0/24\", an address, \"*\", \"Internet\" or \"VirtualNetwork\""
            .to_owned(),
        remedy: match is_tag {
            true => "Write the networks that it stands for and that the destinations lie in as \
                     destinationAddressPrefixes; `az network list-service-tags` has them.",
            false => "Four numbers with dots between them, a slash and the length of the prefix.",
        }
        .to_owned(),
    });
    None
}

fn range(text: &str, pointer: &str, review: &mut Review) -> Option<RangeInclusive<u16>> {
    if text == "*" {
        return Some(0..=u16::MAX);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
        (Ok(first), Ok(last)) if first <= last => Some(first..=last),
        _ => {
            review.fault(Fault {
                code: Code::E0234,
                pointer: pointer.to_owned(),
                found: format!("\"{text}\" is no port and no range of ports."),
                allowed: "a port such as \"443\", a range such as \"1000-2000\", or \"*\""
                    .to_owned(),
                remedy:
                    "Several of them are a list: \"destinationPortRanges\": [ \"80\", \"443\" ]."
                        .to_owned(),
            });
            None
        }
    }
}
