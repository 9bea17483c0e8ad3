//! The HTTP proxy of a cluster: which connections go to it instead of to their destination.

use super::super::build::Review;
use super::network;
use super::target::{Flow, Special, Target};
use crate::engine::Protocol;
use crate::fault::{Code, Fault, step};
use crate::scenario::HttpProxyConfigSpec;
use ipnet::IpNet;
use std::net::IpAddr;

/// The proxy, for ports 80 and 443. `aks:articles/aks/http-proxy.md`.
#[derive(Default)]
pub struct Proxy {
    http: Option<Upstream>,
    https: Option<Upstream>,
    direct: Vec<Direct>,
}

struct Upstream {
    /// As written.
    url: String,
    flow: Flow,
}

/// What goes direct.
enum Direct {
    All,
    Network(IpNet),
    /// A host or a suffix, in small letters, without a dot in front.
    Name(String),
}

impl Proxy {
    pub fn read(spec: Option<&HttpProxyConfigSpec>, pointer: &str, review: &mut Review) -> Proxy {
        let Some(spec) = spec else {
            return Proxy::default();
        };
        let mut upstream = |url: &Option<String>, field: &str| {
            upstream(url.as_deref()?, &step(pointer, field), review)
        };
        Proxy {
            http: upstream(&spec.http_proxy, "httpProxy"),
            https: upstream(&spec.https_proxy, "httpsProxy"),
            direct: spec
                .no_proxy
                .iter()
                .flatten()
                .map(|text| direct(text))
                .collect(),
        }
    }

    /// Where a cooperating client connects to instead, and what to call it; none where it goes direct.
    pub fn instead(
        &self,
        name: &str,
        address: Option<IpAddr>,
        protocol: Protocol,
        port: u16,
    ) -> Option<(Flow, String)> {
        let (field, upstream) = match (protocol, port) {
            (Protocol::Tcp, 80) => ("httpProxy", self.http.as_ref()?),
            (Protocol::Tcp, 443) => match &self.https {
                Some(upstream) => ("httpsProxy", upstream),
                // `aks:articles/aks/http-proxy.md` (2026-08-26): without httpsProxy, httpProxy is used for both.
                None => ("httpProxy", self.http.as_ref()?),
            },
            _ => return None,
        };
        let name = name.to_lowercase();
        let goes_direct = self.direct.iter().any(|direct| match direct {
            Direct::All => true,
            Direct::Network(network) => address.is_some_and(|address| network.contains(&address)),
            Direct::Name(suffix) => {
                let before = name.strip_suffix(suffix.as_str());
                before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
            }
        });
        (!goes_direct).then(|| (upstream.flow, format!("{field} {}", upstream.url)))
    }
}

fn direct(text: &str) -> Direct {
    let text = text.trim();
    if text == "*" {
        return Direct::All;
    }
    match network(text) {
        Some(network) => Direct::Network(network),
        None => {
            let name = text.to_lowercase();
            Direct::Name(
                name.trim_start_matches("*.")
                    .trim_start_matches('.')
                    .to_owned(),
            )
        }
    }
}

/// Host and port of `http://host:port/`.
fn host_and_port(url: &str) -> Option<(&str, u16)> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))?;
    let authority = rest.split('/').next()?;
    let authority = authority.rsplit('@').next()?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once("]:")?,
        None => authority.split_once(':')?,
    };
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then_some((host, port))
}

fn upstream(url: &str, pointer: &str, review: &mut Review) -> Option<Upstream> {
    let Some((host, port)) = host_and_port(url) else {
        review.fault(Fault {
            code: Code::E0238,
            pointer: pointer.to_owned(),
            found: format!("\"{url}\" is no address of a proxy."),
            allowed: "http:// or https://, host, colon and port, such as \"http://10.1.0.4:3128\""
                .to_owned(),
            remedy: "Write scheme and port out.".to_owned(),
        });
        return None;
    };
    let target = match host.parse::<IpAddr>() {
        Ok(address) => Target::Address(address),
        // Names are not resolved: a proxy that a cluster cannot do without is taken to be inside.
        Err(_) => Target::Private,
    };
    let is_special = matches!(target, Target::Address(address) if Special::of(address).is_some());
    if is_special || !target.is_private() {
        review.fault(Fault {
            code: Code::E0238,
            pointer: pointer.to_owned(),
            found: format!("The proxy {host} is outside the virtual network."),
            allowed: "a proxy with a private address, or a name".to_owned(),
            remedy: "Connections to a public proxy take a SNAT port each: leave httpProxyConfig out and declare the proxy \
                     as the destination of the workloads that use it."
                .to_owned(),
        });
        return None;
    }
    Some(Upstream {
        url: url.to_owned(),
        flow: Flow {
            target,
            protocol: Protocol::Tcp,
            port,
        },
    })
}
