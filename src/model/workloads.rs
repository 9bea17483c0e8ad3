//! Workloads under their rules; those of traces still in the words of their logs.

mod open;
mod quiet;

use super::build::{Files, Review, among, check_names};
use super::cluster::Cluster;
use super::destinations::Destinations;
use super::network::egress_gateways;
use super::paths::Client;
use super::{Mix, Note, Traffic};
use crate::fault::{Code, Fault, step};
use crate::scenario::{Problem, ScenarioSpec, WorkloadSpec};
use crate::traffic::trace::{self, FileError, Trace};
use crate::traffic::words::{
    ArrivalsSpec, CloseSpec, LawSpec, PlacementSpec, Replicas, TraceSpec, check_clients,
};
use crate::traffic::{Connect, Law, Packets, PoolSettings, Retry};
use ipnet::IpNet;
pub(super) use open::{Opening, opening};
use std::io;
use std::net::IpAddr;
use std::ops::Range;

/// A workload that breaks no rule of its own.
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) connect: Connect,
    pub(super) retry: Retry,
    pub(super) packets: Packets,
    pub(super) pool: Option<PoolSettings>,
    /// How its pods leave the cluster.
    pub(super) client: Client,
}

/// Where its connections come from.
pub(super) enum Source {
    /// A process.
    Drawn(Traffic),
    /// A log, whose sources and endpoints are to be placed.
    Logged {
        trace: Trace,
        /// Name of the file.
        file: String,
        /// Nodes that its sources may be.
        nodes: Range<usize>,
        /// Where the scenario names it.
        pointer: String,
    },
}

/// Where a workload stands.
struct Context<'a> {
    spec: &'a WorkloadSpec,
    pointer: String,
    cluster: &'a Cluster,
    destinations: &'a Destinations,
    egress_gateways: &'a [String],
}

/// Reads all workloads; what breaks a rule is reported and left out.
pub(super) fn read(
    spec: &ScenarioSpec,
    cluster: &Cluster,
    destinations: &Destinations,
    files: Files,
    review: &mut Review,
) -> Vec<Draft> {
    const POINTER: &str = "/workloads";
    if spec.workloads.is_empty() {
        review.fault(Fault {
            code: Code::E0216,
            pointer: POINTER.to_owned(),
            found: "The scenario has no workload.".to_owned(),
            allowed: "at least one".to_owned(),
            remedy: "Say who opens connections; `snatsim example` has scenarios to start from."
                .to_owned(),
        });
    }
    let names = spec.workloads.iter().map(|workload| workload.name.as_str());
    check_names("workload", POINTER, names, review);
    let egress_gateways = egress_gateways(spec);
    let mut drafts = Vec::new();
    for (i, workload) in spec.workloads.iter().enumerate() {
        let context = Context {
            spec: workload,
            pointer: step(POINTER, i),
            cluster,
            destinations,
            egress_gateways: &egress_gateways,
        };
        drafts.extend(context.draft(files, review));
    }
    drafts
}

impl Context<'_> {
    fn at(&self, field: &str) -> String {
        step(&self.pointer, field)
    }

    fn draft(&self, files: Files, review: &mut Review) -> Option<Draft> {
        let spec = self.spec;
        let connect = spec.connect.clone().unwrap_or_default();
        let connect = review.check(|faults| connect.resolve(&self.at("connect"), faults));
        let retry = spec.retry.clone().unwrap_or_default();
        let retry = review.check(|faults| retry.resolve(&self.at("retry"), faults));
        let nodes = self
            .cluster
            .pool(spec.node_pool.as_deref(), &self.pointer, review);
        let on = nodes.clone().unwrap_or_default();
        let source = match &spec.arrivals {
            Some(ArrivalsSpec::Trace(words)) => self.logged(words, nodes, files, review),
            Some(ArrivalsSpec::Closed { clients, think }) => {
                self.closed(*clients, think, nodes, files, review)
            }
            _ => self.open(nodes, files, review),
        };
        let (packets, pool) = match &source {
            Some(Source::Drawn(traffic)) => (
                self.packets(traffic, files, review),
                self.pool(traffic, &on, review),
            ),
            _ => (Some(Packets::default()), Some(None)),
        };
        Some(Draft {
            name: spec.name.clone(),
            source: source?,
            connect: connect?,
            retry: retry?,
            packets: packets?,
            pool: pool?,
            client: Client {
                // A trace says where connections went.
                cooperates: {
                    let is_trace = spec
                        .arrivals
                        .as_ref()
                        .is_some_and(|arrivals| arrivals.is_trace());
                    !spec.no_http_proxy_vars.unwrap_or(is_trace)
                },
                gateway: self.egress_gateway(review)?,
            },
        })
    }

    /// Index of the static egress gateway of its pods, if they have one.
    fn egress_gateway(&self, review: &mut Review) -> Option<Option<usize>> {
        let Some(name) = &self.spec.static_egress_gateway else {
            return Some(None);
        };
        let found = self.egress_gateways.iter().position(|known| known == name);
        if found.is_none() {
            let (allowed, remedy) = among("static egress gateway", name, self.egress_gateways);
            review.fault(Fault {
                code: Code::E0239,
                pointer: self.at("staticEgressGateway"),
                found: format!("There is no static egress gateway \"{name}\"."),
                allowed,
                remedy,
            });
        }
        found.map(Some)
    }

    /// Connections that wait for nothing.
    fn open(
        &self,
        nodes: Option<Range<usize>>,
        files: Files,
        review: &mut Review,
    ) -> Option<Source> {
        let before = review.problems.len();
        let opening = opening(self.spec, &self.pointer, review);
        let mix = self.mix(nodes, files, review)?;
        if review.problems.len() > before {
            return None;
        }
        let Opening {
            process,
            per_second,
            profile,
            bursts,
        } = opening?;
        Some(Source::Drawn(Traffic::Open {
            process,
            per_second,
            profile,
            bursts,
            mix,
        }))
    }

    /// Connections of clients that wait.
    fn closed(
        &self,
        clients: u64,
        think: &LawSpec,
        nodes: Option<Range<usize>>,
        files: Files,
        review: &mut Review,
    ) -> Option<Source> {
        let before = review.problems.len();
        let pointer = self.at("arrivals");
        review.check(|faults| check_clients(clients, &pointer, faults));
        self.refuse_moving_clients(review);
        let pointer = step(&step(&pointer, "closed"), "think");
        let think = self.law(think, &pointer, files, review);
        if let Some(law) = &think {
            check_think(law, &pointer, review);
        }
        let mix = self.mix(nodes, files, review)?;
        if review.problems.len() > before {
            return None;
        }
        Some(Source::Drawn(Traffic::Closed {
            clients,
            think: think?,
            mix,
        }))
    }

    /// From where to where, how long, which end.
    fn mix(&self, nodes: Option<Range<usize>>, files: Files, review: &mut Review) -> Option<Mix> {
        let spec = self.spec;
        let endpoints = match &spec.destination {
            Some(name) => self.destinations.find(name, &self.pointer, review),
            None => {
                review.fault(self.incomplete("destination", "the name of one of \"destinations\""));
                None
            }
        };
        let lifetime = match &spec.lifetime {
            Some(law) => self.law(law, &self.at("lifetime"), files, review),
            None => {
                review.fault(self.incomplete(
                    "lifetime",
                    "how long a connection lives, such as { \"exponential\": { \"mean\": \"2s\" } }",
                ));
                None
            }
        };
        let all_fin = CloseSpec {
            fin: Some(1.0),
            ..CloseSpec::default()
        };
        let close = spec.close.as_ref().unwrap_or(&all_fin);
        let close = review.check(|faults| close.resolve(&self.at("close"), faults));
        let placed = nodes.filter(|nodes| !nodes.is_empty()).and_then(|nodes| {
            let shares = self.shares(nodes.len(), review)?;
            let indices = nodes.map(|node| node as u32);
            Some(
                indices
                    .zip(shares)
                    .filter(|(_, share)| *share > 0.0)
                    .collect(),
            )
        });
        Some(Mix {
            nodes: placed?,
            endpoints: self.destinations.shares(endpoints?)?,
            lifetime: lifetime?,
            close: close?,
        })
    }

    /// The share of every node of `nodes`.
    fn shares(&self, nodes: usize, review: &mut Review) -> Option<Vec<f64>> {
        let spec = self.spec;
        let placement = spec.placement.as_ref();
        let Some(replicas) = self.replicas() else {
            if spec.noisy_replica.is_some() {
                review.fault(Fault {
                    code: Code::E0218,
                    pointer: self.at("noisyReplica"),
                    found: "\"noisyReplica\" is the share of one replica, and nothing says how many there are."
                        .to_owned(),
                    allowed: "\"noisyReplica\" beside \"replicas\"".to_owned(),
                    remedy: "Add \"replicas\", or write \"placement\": { \"hotNode\": … } for a node that has more than the others."
                        .to_owned(),
                });
            }
            let placement = placement.unwrap_or(&PlacementSpec::Even);
            return review.check(|faults| placement.resolve(nodes, &self.at("placement"), faults));
        };
        if placement.is_some() {
            review.fault(Fault {
                code: Code::E0218,
                pointer: self.at("placement"),
                found: "\"placement\" beside \"replicas\": both say which nodes open the connections.".to_owned(),
                allowed: "one of the two".to_owned(),
                remedy: "Keep \"replicas\" where the scheduler deals the pods, with \"noisyReplica\" for one that opens more than its part, or \"placement\" where you know the share of every node."
                    .to_owned(),
            });
        }
        review.check(|faults| replicas.resolve(nodes, &self.pointer, faults))
    }

    /// The replicas of the workload, if it says how many.
    fn replicas(&self) -> Option<Replicas> {
        Some(Replicas {
            count: self.spec.replicas?,
            noisy: self.spec.noisy_replica,
        })
    }

    fn incomplete(&self, field: &str, allowed: &str) -> Fault {
        Fault {
            code: Code::E0213,
            pointer: self.pointer.clone(),
            found: format!("Workload \"{}\" has no {field}.", self.spec.name),
            allowed: format!("\"{field}\": {allowed}"),
            remedy: format!("Add \"{field}\"; only a workload that replays a trace needs none."),
        }
    }

    /// A law, its file read if it names one.
    fn law(
        &self,
        words: &LawSpec,
        pointer: &str,
        files: Files,
        review: &mut Review,
    ) -> Option<Law> {
        let observed = match words.file() {
            Some(file) => {
                let pointer = step(&step(pointer, "empirical"), "file");
                Some(read_file(file, pointer, files, trace::read_values, review)?)
            }
            None => None,
        };
        let law = review.check(|faults| words.resolve(observed, pointer, faults))?;
        if law.mean().is_infinite() {
            let field = pointer.rsplit('/').next().unwrap_or_default();
            review.notes.push(Note {
                code: Code::F0201,
                text: format!(
                    "The {field} of workload \"{}\" has no mean: the longer the run, the more ports it needs.",
                    self.spec.name
                ),
            });
        }
        Some(law)
    }

    /// Connections of a log.
    fn logged(
        &self,
        words: &TraceSpec,
        nodes: Option<Range<usize>>,
        files: Files,
        review: &mut Review,
    ) -> Option<Source> {
        let before = review.problems.len();
        self.refuse_strays(review);
        let pointer = step(&self.at("arrivals"), "trace");
        let networks = networks(words, &pointer, review);
        if review.problems.len() > before {
            return None;
        }
        let counts = |source: &str| match &networks {
            None => true,
            Some(networks) => {
                source.parse().is_ok_and(|address: IpAddr| {
                    networks.iter().any(|network| network.contains(&address))
                }) || self.cluster.nodes.iter().any(|node| node == source)
            }
        };
        let pointer = step(&pointer, "file");
        let read = |bytes: &[u8]| trace::read(bytes, &counts);
        let trace = read_file(&words.file, pointer.clone(), files, read, review)?;
        Some(Source::Logged {
            trace,
            file: words.file.clone(),
            nodes: nodes.filter(|nodes| !nodes.is_empty() || !self.cluster.is_declared())?,
            pointer,
        })
    }

    /// What the trace says already.
    fn refuse_strays(&self, review: &mut Review) {
        let strays = [
            ("destination", self.spec.destination.is_some()),
            ("lifetime", self.spec.lifetime.is_some()),
            ("close", self.spec.close.is_some()),
            ("placement", self.spec.placement.is_some()),
            ("replicas", self.spec.replicas.is_some()),
            ("noisyReplica", self.spec.noisy_replica.is_some()),
            ("profile", self.spec.profile.is_some()),
            ("bursts", self.spec.bursts.is_some()),
            ("keepalive", self.spec.keepalive.is_some()),
            ("activity", self.spec.activity.is_some()),
            ("reconnect", self.spec.reconnect.is_some()),
            ("pool", self.spec.pool.is_some()),
            (
                "staticEgressGateway",
                self.spec.static_egress_gateway.is_some(),
            ),
        ];
        for (field, _) in strays.iter().filter(|(_, present)| *present) {
            review.fault(Fault {
                code: Code::E0214,
                pointer: self.at(field),
                found: format!("\"{field}\" beside a trace, which has it row by row."),
                allowed: "name, nodePool, connect and retry beside a trace".to_owned(),
                remedy: format!("Remove \"{field}\"."),
            });
        }
    }
}

/// The networks whose sources count; none where all do.
fn networks(words: &TraceSpec, pointer: &str, review: &mut Review) -> Option<Vec<IpNet>> {
    let pointer = step(pointer, "nodes");
    let texts = words.nodes.as_deref()?;
    let mut networks = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        match text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            Ok(network) => networks.push(network),
            Err(_) => review.fault(Fault {
                code: Code::E0406,
                pointer: step(&pointer, i),
                found: format!("\"{text}\" is no network."),
                allowed: "a network in CIDR notation, such as \"10.0.0.0/24\" or \"fd00::/64\", or one address"
                    .to_owned(),
                remedy: "Rows whose source is the name of a node always count and need no entry.".to_owned(),
            }),
        }
    }
    Some(networks)
}

/// A closed loop moves on only if thinking takes time.
fn check_think(law: &Law, pointer: &str, review: &mut Review) {
    if law.mean() == 0.0 {
        review.fault(Fault {
            code: Code::E0217,
            pointer: pointer.to_owned(),
            found: "Clients that think for 0s may open any number of connections at one instant."
                .to_owned(),
            allowed: "a think time above 0".to_owned(),
            remedy: "Write { \"constant\": \"1ms\" } for clients that hardly pause.".to_owned(),
        });
    }
}

/// Opens a file and reads it; what goes wrong is reported at `pointer`.
fn read_file<T>(
    file: &str,
    pointer: String,
    files: Files,
    read: impl FnOnce(&[u8]) -> Result<T, Box<FileError>>,
    review: &mut Review,
) -> Option<T> {
    let bytes = match files(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            review.fault(Fault {
                code: Code::E0401,
                pointer,
                found: match error.kind() {
                    io::ErrorKind::NotFound => format!("There is no file {file}."),
                    _ => format!("{file} cannot be read: {error}."),
                },
                allowed: "the name of a file, relative to the scenario".to_owned(),
                remedy: "Check the name, and that the file lies beside the scenario.".to_owned(),
            });
            return None;
        }
    };
    match read(&bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            review
                .problems
                .push(Problem::in_file(*error, file, pointer));
            None
        }
    }
}
