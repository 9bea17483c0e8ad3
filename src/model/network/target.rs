//! What a connection goes to, as rules and routes see it.

use crate::engine::Protocol;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a connection goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A literal address.
    Address(IpAddr),
    /// Some public address, in no particular network.
    Public,
    /// Some address of the virtual network or what is connected with it, in no particular network.
    Private,
}

/// A connection, as security rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Where to.
    pub target: Target,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Destination port.
    pub port: u16,
}

/// Addresses that no route leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// Loopback, link-local, multicast, broadcast: packets stay on the link.
    Local,
    /// The platform's own address, 168.63.129.16: DNS, health, DHCP.
    Platform,
}

impl Special {
    /// What `address` is, if it is special. `aks:articles/aks/dns-concepts.md` for the platform's DNS.
    pub fn of(address: IpAddr) -> Option<Special> {
        const PLATFORM: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
        let local = match address {
            IpAddr::V4(v4) if v4 == PLATFORM => return Some(Special::Platform),
            IpAddr::V4(v4) => {
                v4.octets()[0] == 0
                    || v4.octets()[0] >= 224
                    || v4.is_loopback()
                    || v4.is_link_local()
            }
            IpAddr::V6(v6) => {
                v6.is_unspecified()
                    || v6.is_loopback()
                    || v6.is_multicast()
                    || v6.is_unicast_link_local()
            }
        };
        local.then_some(Special::Local)
    }
}

/// The private ranges: RFC 1918, RFC 6598 and RFC 4193.
pub const PRIVATE_RANGES: [IpNet; 5] = [
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([100, 64, 0, 0], 10),
    IpNet::V6(Ipv6Net::new_assert(
        Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
        7,
    )),
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

impl Target {
    /// Whether it lies in a private range.
    pub fn is_private(self) -> bool {
        match self {
            Target::Address(address) => PRIVATE_RANGES.iter().any(|net| net.contains(&address)),
            Target::Public => false,
            Target::Private => true,
        }
    }

    /// Whether `network` holds it. What is in no particular network is only in the one that holds all of IPv4.
    pub fn is_in(self, network: &IpNet) -> bool {
        match self {
            Target::Address(address) => network.contains(&address),
            Target::Public | Target::Private => {
                network.prefix_len() == 0 && matches!(network, IpNet::V4(_))
            }
        }
    }
}
