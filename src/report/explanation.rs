//! The page of `snatsim explain SCENARIO`: who counts, which ports, what Azure would refuse, what the load asks for.

mod nodes;
mod ports;
mod scaling;

use super::table::plain_table;
use crate::results::explanation::*;
use crate::results::words::{count, counted, percent, share, span, wrapped};

/// Rows of a table beyond which the rest is only counted.
const MOST_ROWS: usize = 8;

/// The page, in lines of at most `width` letters and 100 where words allow.
pub fn explanation(explanation: &Explanation, width: usize) -> String {
    let page = Page {
        width: width.min(100),
    };
    let nodes = &explanation.nodes;
    let mut text = format!(
        "{}: {}, explained by arithmetic; nothing is simulated\n",
        explanation.scenario,
        counted(nodes.count, "node")
    );
    text += &page.nodes(nodes);
    text += &page.autoscalers(&explanation.autoscalers);
    for outbound in &explanation.outbounds {
        text += &page.outbound(outbound, nodes);
    }
    text
}

struct Page {
    width: usize,
}

impl Page {
    fn paragraph(&self, text: &str) -> String {
        wrapped(text, self.width)
    }

    fn table(&self, header: &[&str], rows: Vec<Vec<String>>) -> String {
        let more = rows.len().saturating_sub(MOST_ROWS);
        let shown: Vec<Vec<String>> = rows.into_iter().take(MOST_ROWS).collect();
        let mut text = plain_table(header, shown, self.width);
        if more > 0 {
            text += &format!("and {} more, in --format json\n", count(more as u64));
        }
        text
    }

    fn nodes(&self, nodes: &Nodes) -> String {
        let row = |pool: &CountedPoolRow| {
            let assumed = if pool.max_surge_is_set {
                ""
            } else {
                " (assumed)"
            };
            vec![
                pool.name.clone(),
                count(u64::from(pool.count)),
                count(u64::from(pool.most)),
                format!("{}{assumed}", pool.max_surge),
                count(u64::from(pool.surge)),
                count(pool.counted),
            ]
        };
        let mut rows: Vec<Vec<String>> = nodes.pools.iter().take(MOST_ROWS).map(row).collect();
        let hidden = nodes.pools.len().saturating_sub(MOST_ROWS);
        if hidden > 0 {
            let mut dots = vec![String::new(); 6];
            dots[0] = format!("and {hidden} more");
            rows.push(dots);
        }
        rows.push(vec![
            "sum".to_owned(),
            count(nodes.count),
            String::new(),
            String::new(),
            String::new(),
            count(nodes.counted),
        ]);
        let mut text = "\nNodes\n".to_owned();
        let header = ["pool", "count", "at most", "maxSurge", "surge", "counted"];
        text += &plain_table(&header, rows, self.width);
        text += &self.paragraph(
            "\"At most\" is the larger of count and maxCount; counted is that and the surge of an upgrade. \
             AKS checks manual ports against the counted nodes; automatic ports go by the nodes there are, \
             and surge nodes are there while an upgrade lasts.",
        );
        for other in &nodes.otherwise {
            text += &self.paragraph(&format!(
                "Documents disagree on maxSurge where it is not set: with {} it would be {}.",
                other.max_surge,
                counted(other.counted, "counted node")
            ));
        }
        text += &self.addresses(nodes);
        for sentence in nodes.node_nat.iter().flat_map(nodes::sentences) {
            text += &self.paragraph(&sentence);
        }
        text + &self.refusals(&nodes.refusals)
    }

    fn refusals(&self, refusals: &[Refusal]) -> String {
        let told = refusals.iter().map(|refusal| {
            self.paragraph(&format!(
                "{} {}: {} Allowed: {}. {}",
                refusal.code, refusal.pointer, refusal.found, refusal.allowed, refusal.remedy
            ))
        });
        told.collect()
    }

    fn addresses(&self, nodes: &Nodes) -> String {
        let mut text = String::new();
        let mut networks: Vec<(&str, &str)> = Vec::new();
        for pool in &nodes.pools {
            if let (Some(network), Some(source)) = (&pool.pod_network, &pool.source_address)
                && !networks.contains(&(network, source))
            {
                networks.push((network, source));
            }
        }
        for (network, source) in networks {
            text += &self.paragraph(&format!(
                "{network}: the address that leaves a node is {source}."
            ));
        }
        for range in &nodes.addresses {
            let room = match range.needed > range.available {
                true => "too few".to_owned(),
                false => format!("room for {}", counted(range.nodes_left, "more node")),
            };
            text += &self.paragraph(&format!(
                "{}: {} = {} of {} addresses, {room}.",
                range.name,
                range.arithmetic,
                count(range.needed),
                count(range.available),
            ));
        }
        text
    }

    fn outbound(&self, outbound: &ExplainedOutbound, nodes: &Nodes) -> String {
        let kind = match outbound.name == outbound.outbound_type {
            true => String::new(),
            false => format!(" ({})", outbound.outbound_type),
        };
        let title = format!("{}{kind}", outbound.name);
        let mut text = format!("\n{title}\n{}\n", "=".repeat(title.chars().count()));
        text += &self.refusals(&outbound.refusals);
        if let Some(ports) = &outbound.ports {
            for sentence in ports::sentences(ports, nodes, outbound.refusals.is_empty()) {
                text += &self.paragraph(&sentence);
            }
        }
        for note in &outbound.notes {
            text += &self.paragraph(note);
        }
        if let Some(load) = &outbound.load {
            text += &self.load(load);
        }
        text += &self.timers(&outbound.timers);
        text + &self.paths(&outbound.paths)
    }

    fn load(&self, load: &Load) -> String {
        // The formula says nothing of loads that move.
        let moves = load.rows.iter().any(|row| row.highest_load.is_some());
        let row = |row: &LoadRow| {
            let what = if row.limit_is_on_active {
                " active"
            } else {
                ""
            };
            let highest = row.highest_load.filter(|_| moves).map(|load| {
                let use_ = percent(row.highest_use());
                format!("{} ({use_})", erlang(load))
            });
            let mut cells = vec![
                row.destination.clone(),
                row.pool.clone(),
                format!("{}{what}", count(row.limit)),
                span(row.mean_hold),
                rate(row.carries),
                rate(row.offered),
                format!("{} ({})", erlang(row.offered_load), percent(row.mean_use())),
            ];
            cells.push(match moves {
                true => highest.unwrap_or_else(|| "the same".to_owned()),
                false => row.erlang_b.map_or_else(
                    || "-".to_owned(),
                    |p| match load.erlang_b_is_least && p >= NEGLIGIBLE {
                        true => format!("over {}", chance(p)),
                        false => chance(p),
                    },
                ),
            });
            cells
        };
        let header = [
            "toward",
            "fullest pool",
            "limit",
            "mean\nhold",
            "carries\n/s",
            "offered\n/s",
            "in use on\naverage",
            match moves {
                true => "at its\nhighest",
                false => "refused\n(Erlang-B)",
            },
        ];
        let mut text =
            "\nLoad: limit / mean hold = new connections per second it carries\n".to_owned();
        text += &self.table(&header, load.rows.iter().map(row).collect());
        for caveat in &load.caveats {
            text += &self.paragraph(caveat);
        }
        text
    }

    fn timers(&self, timers: &[TimerRow]) -> String {
        if timers.is_empty() {
            return String::new();
        }
        let row = |timer: &TimerRow| {
            let from = match &timer.from {
                TimerOrigin::Type => "Azure, fixed".to_owned(),
                TimerOrigin::Default => "default".to_owned(),
                TimerOrigin::Profile(field) => field.clone(),
                TimerOrigin::Timers => "\"timers\" of the scenario".to_owned(),
                TimerOrigin::Assumption(name) => format!("assumption {name}"),
            };
            vec![
                timer.name.clone(),
                span(timer.seconds),
                from,
                timer.others.join(", ").replace('"', ""),
            ]
        };
        let header = ["timer", "value", "from", "not settled: or"];
        let rows: Vec<Vec<String>> = timers.iter().map(row).collect();
        format!("\nHow long a port is kept\n{}", self.table(&header, rows))
    }

    fn paths(&self, paths: &[PathRow]) -> String {
        let mut kinds: Vec<(String, Vec<String>)> = Vec::new();
        for path in paths {
            let kind = match (path.path.as_str(), &path.rule) {
                ("snat", rule) => format!("needs a SNAT port ({rule})"),
                (path, rule) => format!("{path}, needs no SNAT port ({rule})"),
            };
            let share = match path.share {
                part if part < 1.0 => format!(", {}", share(part)),
                _ => String::new(),
            };
            let name = format!("{} to {}{share}", path.workload, path.destination);
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, names)) => names.push(name),
                None => kinds.push((kind, vec![name])),
            }
        }
        let mut text = "\nPaths\n".to_owned();
        for (kind, names) in kinds {
            let more = match names.len().saturating_sub(MOST_ROWS) {
                0 => String::new(),
                more => format!(" and {} more", count(more as u64)),
            };
            let shown: Vec<String> = names.into_iter().take(MOST_ROWS).collect();
            text += &self.paragraph(&format!("{kind}: {}{more}.", shown.join("; ")));
        }
        text
    }
}

/// Connections per second to three digits.
fn rate(per_second: f64) -> String {
    match per_second {
        r if r >= 1_000.0 => count(r.round() as u64),
        r if r >= 100.0 => format!("{r:.0}"),
        r if r >= 10.0 => format!("{r:.1}"),
        r if r >= 0.01 => format!("{r:.2}"),
        r => format!("{r:.1e}"),
    }
}

/// Ports in use on average.
fn erlang(load: f64) -> String {
    match load {
        l if l >= 1_000.0 => count(l.round() as u64),
        l if l >= 10.0 => format!("{l:.0}"),
        l => format!("{l:.1}"),
    }
}

/// Below it a probability says all.
const NEGLIGIBLE: f64 = 1e-12;

/// A probability.
fn chance(p: f64) -> String {
    match p {
        p if p < NEGLIGIBLE => "< 1e-12".to_owned(),
        p => share(p),
    }
}
