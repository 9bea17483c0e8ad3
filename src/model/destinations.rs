//! Destinations and their endpoints, with dense addresses.

use super::Endpoint;
use super::build::{Review, among, check_names};
use crate::engine::Protocol;
use crate::fault::{Code, Fault, step};
use crate::scenario::{DestinationSpec, ScenarioSpec};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

/// Most endpoints of one destination: a slip of the finger beyond that.
const MAX_ENDPOINTS: u32 = 100_000;

/// The destinations there are.
#[derive(Default)]
pub(super) struct Destinations {
    /// Names as reported.
    pub(super) names: Vec<String>,
    /// Every endpoint.
    pub(super) endpoints: Vec<Endpoint>,
    /// Shares of a declared destination's endpoints, and where those begin; none where a rule was broken.
    declared: Vec<Option<(usize, Vec<f64>)>>,
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
        destinations
    }

    fn declare(&mut self, spec: &DestinationSpec, pointer: &str, review: &mut Review) {
        let before = review.problems.len();
        let endpoints = spec.endpoints.unwrap_or(1);
        let address = address(spec, endpoints, pointer, review);
        check_numbers(spec, endpoints, pointer, review);
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
        self.declared.push(Some((self.endpoints.len(), shares)));
        let protocol = spec.protocol.map_or(Protocol::Tcp, Protocol::from);
        match address {
            Some(address) => {
                self.endpoint(protocol, address, spec.port, self.names.len() - 1);
            }
            None => {
                for _ in 0..endpoints {
                    let address = self.addresses;
                    self.addresses += 1;
                    self.endpoints.push(Endpoint {
                        destination: self.names.len() as u32 - 1,
                        protocol,
                        address,
                        port: spec.port,
                    });
                }
            }
        }
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
        let (first, shares) = self.declared[destination].as_ref()?;
        let range: Range<usize> = *first..first + shares.len();
        Some(
            range
                .map(|index| index as u32)
                .zip(shares.iter().copied())
                .filter(|(_, share)| *share > 0.0)
                .collect(),
        )
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
