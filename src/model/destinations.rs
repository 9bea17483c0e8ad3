//! Destinations and their endpoints, with dense addresses.

use super::Endpoint;
use super::build::{Review, among, check_names};
use super::paths::Place;
use crate::engine::Protocol;
use crate::fault::{Code, Fault, step};
use crate::scenario::{DestinationSpec, RouteWord, ScenarioSpec};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;

/// Most endpoints of one destination: a slip of the finger beyond that.
const MAX_ENDPOINTS: u32 = 100_000;

/// The endpoints of a declared destination.
struct Declared {
    /// Shares of its endpoints, and where those begin.
    first: usize,
    shares: Vec<f64>,
    /// Where a share of the connections takes another route: that route, the share, and where those endpoints begin.
    also: Option<(RouteWord, f64, usize)>,
}

/// The destinations there are.
#[derive(Default)]
pub(super) struct Destinations {
    /// Names as reported.
    pub(super) names: Vec<String>,
    /// Every endpoint. One that is reached two ways stands twice, with the same address: connections that may take
    /// different paths are drawn apart.
    pub(super) endpoints: Vec<Endpoint>,
    /// What paths depend on, by endpoint.
    pub(super) places: Vec<Place>,
    /// The declared destinations; none where a rule was broken.
    declared: Vec<Option<Declared>>,
    /// Dense index of every literal address.
    literal: HashMap<IpAddr, u32>,
    /// Dense addresses handed out.
    addresses: u32,
    /// The endpoint of every literal (protocol, address, port).
    known: HashMap<(Protocol, IpAddr, u16), u32>,
}

impl Destinations {
    pub(super) fn read(spec: &ScenarioSpec, review: &mut Review) -> Destinations {
        const POINTER: &str = "/destinations";
        let declared = spec.destinations.as_deref().unwrap_or_default();
        let mut destinations = Destinations::default();
        let names = declared.iter().map(|destination| destination.name.as_str());
        check_names("destination", POINTER, names, review);
        for (i, destination) in declared.iter().enumerate() {
            destinations.declare(destination, &step(POINTER, i), review);
        }
        destinations.add_second_ways();
        destinations
    }

    fn declare(&mut self, spec: &DestinationSpec, pointer: &str, review: &mut Review) {
        let before = review.problems.len();
        let endpoints = spec.endpoints.unwrap_or(1);
        let address = address(spec, endpoints, pointer, review);
        check_numbers(spec, endpoints, pointer, review);
        let (route, also) = routes(spec, pointer, review);
        self.names.push(spec.name.clone());
        let sound = review.problems.len() == before;
        let shares = match &spec.popularity {
            _ if !sound => None,
            None => Some(vec![1.0 / f64::from(endpoints); endpoints as usize]),
            Some(popularity) => review.check(|faults| {
                popularity.resolve(endpoints as usize, &step(pointer, "popularity"), faults)
            }),
        };
        let Some(shares) = shares else {
            self.declared.push(None);
            return;
        };
        self.declared.push(Some(Declared {
            first: self.endpoints.len(),
            shares,
            also: also.map(|(route, share)| (route, share, 0)),
        }));
        let protocol = spec.protocol.map_or(Protocol::Tcp, Protocol::from);
        match address {
            Some(address) => {
                self.endpoint(protocol, address, spec.port, self.names.len() - 1);
                self.places.last_mut().expect("it was just added").route = route;
            }
            None => {
                let name: Arc<str> = spec.name.as_str().into();
                for _ in 0..endpoints {
                    let address = self.addresses;
                    self.addresses += 1;
                    self.endpoints.push(Endpoint {
                        destination: self.names.len() as u32 - 1,
                        protocol,
                        address,
                        port: spec.port,
                    });
                    self.places.push(Place {
                        name: name.clone(),
                        address: None,
                        protocol,
                        port: spec.port,
                        route,
                    });
                }
            }
        }
    }

    /// Adds the endpoints of second ways behind all others, whose streams of random numbers so stay what they are.
    fn add_second_ways(&mut self) {
        for declared in self.declared.iter_mut().flatten() {
            let Some((route, _, second)) = &mut declared.also else {
                continue;
            };
            *second = self.endpoints.len();
            for index in declared.first..declared.first + declared.shares.len() {
                let endpoint = self.endpoints[index];
                self.endpoints.push(endpoint);
                let place = self.places[index].clone();
                self.places.push(Place {
                    route: Some(*route),
                    ..place
                });
            }
        }
    }

    /// The endpoint of the second way to `endpoint`, and the share of connections that take it. An endpoint of a log of
    /// which no row is left need not exist.
    pub(super) fn second_way(&self, endpoint: u32) -> Option<(u32, f64)> {
        let destination = self.endpoints.get(endpoint as usize)?.destination;
        let declared = self.declared.get(destination as usize)?.as_ref()?;
        let (_, share, second) = declared.also?;
        Some(((second + endpoint as usize - declared.first) as u32, share))
    }

    /// Adds the endpoint of a literal address. Of equal ones the first is what traces mean.
    fn endpoint(
        &mut self,
        protocol: Protocol,
        address: IpAddr,
        port: u16,
        destination: usize,
    ) -> u32 {
        let addresses = &mut self.addresses;
        let dense = *self.literal.entry(address).or_insert_with(|| {
            *addresses += 1;
            *addresses - 1
        });
        let index = self.endpoints.len() as u32;
        self.endpoints.push(Endpoint {
            destination: destination as u32,
            protocol,
            address: dense,
            port,
        });
        self.places.push(Place {
            name: self.names[destination].as_str().into(),
            address: Some(address),
            protocol,
            port,
            route: None,
        });
        *self.known.entry((protocol, address, port)).or_insert(index)
    }

    /// The endpoint that a trace names; a new destination where none is declared.
    pub(super) fn traced(&mut self, protocol: Protocol, address: IpAddr, port: u16) -> u32 {
        if let Some(index) = self.known.get(&(protocol, address, port)) {
            return *index;
        }
        let suffix = match protocol {
            Protocol::Tcp => "",
            Protocol::Udp => "/udp",
        };
        self.names
            .push(format!("{}{suffix}", SocketAddr::new(address, port)));
        self.endpoint(protocol, address, port, self.names.len() - 1)
    }

    /// Place of the declared destination `name`; none, with the fault reported, where there is none.
    pub(super) fn find(&self, name: &str, workload: &str, review: &mut Review) -> Option<usize> {
        let found = self.names.iter().position(|known| known == name);
        if found.is_none() {
            let mut names = self.names.clone();
            names.dedup();
            let (allowed, remedy) = among("destination", name, &names);
            review.fault(Fault {
                code: Code::E0204,
                pointer: step(workload, "destination"),
                found: format!("There is no destination \"{name}\"."),
                allowed,
                remedy,
            });
        }
        found
    }

    /// Endpoints of a declared destination with their shares, those without a share left out;
    /// none where one of its rules was broken.
    pub(super) fn shares(&self, destination: usize) -> Option<Vec<(u32, f64)>> {
        let Declared {
            first,
            shares,
            also,
        } = self.declared[destination].as_ref()?;
        let from = |first: usize, part: f64| {
            let range: Range<usize> = first..first + shares.len();
            let shares = shares.iter().map(move |share| share * part);
            range.map(|index| index as u32).zip(shares)
        };
        let second = also.map(|(_, part, second)| from(second, part));
        let first = from(*first, also.map_or(1.0, |(_, part, _)| 1.0 - part));
        Some(
            first
                .chain(second.into_iter().flatten())
                .filter(|(_, share)| *share > 0.0)
                .collect(),
        )
    }
}

/// How a destination is reached: by which route all its connections go (none: the internet), or else by which one a share
/// of them.
#[allow(clippy::type_complexity)]
fn routes(
    spec: &DestinationSpec,
    pointer: &str,
    review: &mut Review,
) -> (Option<RouteWord>, Option<(RouteWord, f64)>) {
    let route = spec.route.filter(|route| *route != RouteWord::Internet);
    let Some(share) = spec.route_share else {
        return (route, None);
    };
    let at = step(pointer, "routeShare");
    if !(0.0..=1.0).contains(&share) {
        review.fault(Fault {
            code: Code::E0210,
            pointer: at,
            found: format!("routeShare is {share}."),
            allowed: "a fraction from 0 to 1".to_owned(),
            remedy: match share > 1.0 && share <= 100.0 {
                true => format!("{share} percent is {}.", share / 100.0),
                false => "1, the default, sends all connections by the route.".to_owned(),
            },
        });
        return (None, None);
    }
    let Some(route) = route else {
        review.fault(Fault {
            code: Code::E0237,
            pointer: at,
            found: format!(
                "Destination \"{}\" has a routeShare and no route but the internet.",
                spec.name
            ),
            allowed: "routeShare beside a route such as \"privateEndpoint\"".to_owned(),
            remedy: "Add \"route\", or remove routeShare.".to_owned(),
        });
        return (None, None);
    };
    match share {
        0.0 => (None, None),
        1.0 => (Some(route), None),
        _ => (None, Some((route, share))),
    }
}

/// The literal address, if there is one.
fn address(
    spec: &DestinationSpec,
    endpoints: u32,
    pointer: &str,
    review: &mut Review,
) -> Option<IpAddr> {
    let text = spec.address.as_deref()?;
    let pointer = step(pointer, "address");
    if endpoints > 1 {
        review.fault(Fault {
            code: Code::E0212,
            pointer: pointer.clone(),
            found: format!("One address for {endpoints} endpoints, which have an address each."),
            allowed: "address, or endpoints above 1".to_owned(),
            remedy: "Remove address: the endpoints then get addresses of their own.".to_owned(),
        });
    }
    match text.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            review.fault(bad_address(text, pointer));
            None
        }
    }
}

fn bad_address(text: &str, pointer: String) -> Fault {
    let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
    let remedy = if text.contains('/') {
        "Name one address; for a whole network use \"endpoints\" without \"address\"."
    } else if host != text && host.parse::<IpAddr>().is_ok() {
        "Put the port into \"port\"."
    } else if text.chars().any(char::is_alphabetic) && !text.contains(':') {
        "Names are not resolved: write the address they stand for, or leave it out for an address of its own."
    } else {
        "Four numbers from 0 to 255 with dots between them, or leave it out for an address of its own."
    };
    Fault {
        code: Code::E0212,
        pointer,
        found: format!("\"{text}\" is no IP address."),
        allowed: "an IPv4 or IPv6 address, such as \"203.0.113.40\"".to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn check_numbers(spec: &DestinationSpec, endpoints: u32, pointer: &str, review: &mut Review) {
    if spec.port == 0 {
        review.fault(Fault {
            code: Code::E0210,
            pointer: step(pointer, "port"),
            found: "Port 0 cannot be connected to.".to_owned(),
            allowed: "1 to 65535".to_owned(),
            remedy: "HTTPS is 443, SQL Server 1433, DNS 53.".to_owned(),
        });
    }
    if endpoints == 0 || endpoints > MAX_ENDPOINTS {
        review.fault(Fault {
            code: Code::E0210,
            pointer: step(pointer, "endpoints"),
            found: format!("{endpoints} endpoints."),
            allowed: "1 to 1,000,000".to_owned(),
            remedy: "Give the number of addresses behind the destination; 1 is the default."
                .to_owned(),
        });
    }
}
