//! Public addresses that the user owns: listed one by one, or by prefix.

use super::azure;
use super::review::{Context, Review};
use super::spec::{Ignored, both_spellings};
use crate::fault::{Code, Fault, step};
use schemars::JsonSchema;
use serde::Deserialize;

/// Own public IP addresses, as in `outboundIPs`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = both_spellings)]
pub struct OutboundIps {
    /// One entry an address.
    #[serde(rename = "publicIPs", alias = "publicIps")]
    pub public_ips: Option<Vec<PublicIp>>,
}

/// A public IP address resource.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicIp {
    /// Resource id.
    pub id: Option<String>,
    /// Azure's, not used.
    pub resource_group: Option<Ignored>,
}

/// Own public IP prefixes, as in `outboundIPPrefixes`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = both_spellings)]
pub struct OutboundIpPrefixes {
    /// One entry a prefix.
    #[serde(rename = "publicIPPrefixes", alias = "publicIpPrefixes")]
    pub public_ip_prefixes: Option<Vec<PublicIpPrefix>>,
}

/// A public IP prefix resource.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicIpPrefix {
    /// Resource id.
    pub id: Option<String>,
    /// Azure's, not used.
    pub resource_group: Option<Ignored>,
    /// Length of the prefix, as `az network public-ip prefix show` prints it: 28 is 16 addresses,
    /// 29 is 8, 30 is 4, 31 is 2. A cluster's own profile does not tell it, so it has to be added.
    pub prefix_length: Option<i64>,
}

/// The two ways to bring own addresses; empty lists mean nothing was said.
pub(super) struct Own<'a> {
    pub ips: &'a [PublicIp],
    pub prefixes: &'a [PublicIpPrefix],
}

impl<'a> Own<'a> {
    pub fn new(ips: &'a Option<OutboundIps>, prefixes: &'a Option<OutboundIpPrefixes>) -> Self {
        let ips = ips.as_ref().and_then(|ips| ips.public_ips.as_deref());
        let prefixes = prefixes
            .as_ref()
            .and_then(|prefixes| prefixes.public_ip_prefixes.as_deref());
        Own {
            ips: ips.unwrap_or_default(),
            prefixes: prefixes.unwrap_or_default(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.ips.is_empty() && self.prefixes.is_empty()
    }

    /// Addresses in all, or none if the length of a prefix is missing or no length Azure has.
    fn addresses(&self, profile: &str, review: &mut Review) -> Option<i64> {
        let list = step(&step(profile, "outboundIPPrefixes"), "publicIPPrefixes");
        let sizes: Vec<_> = self
            .prefixes
            .iter()
            .enumerate()
            .map(|(i, prefix)| prefix_size(prefix, step(&list, i), review))
            .collect();
        let of_prefixes: i64 = sizes.into_iter().sum::<Option<i64>>()?;
        Some(self.ips.len() as i64 + of_prefixes)
    }
}

fn prefix_size(prefix: &PublicIpPrefix, pointer: String, review: &mut Review) -> Option<i64> {
    let (found, remedy, pointer) = match prefix.prefix_length {
        Some(length) if azure::PREFIX_LENGTHS.contains(&length) => return Some(1 << (32 - length)),
        Some(length) => (
            format!("prefixLength is {length}, which Azure has no public IPv4 prefix of."),
            "Correct it, or leave the prefix out if it is one of IPv6.",
            step(&pointer, "prefixLength"),
        ),
        None => (
            "The prefix does not say how many addresses it has.".to_owned(),
            "Add \"prefixLength\" beside \"id\", as `az network public-ip prefix show` prints it.",
            pointer,
        ),
    };
    review.errors.push(Fault {
        code: Code::E0306,
        pointer,
        found,
        allowed: "prefixLength 28, 29, 30 or 31: 16, 8, 4 or 2 addresses".to_owned(),
        remedy: remedy.to_owned(),
    });
    None
}

/// A number of public addresses that may be given in several ways, of which one may be used.
pub(super) struct AddressCount<'a> {
    /// Name of the profile, such as `loadBalancerProfile`.
    pub profile: &'a str,
    /// Counts, each with its place inside the profile: managed addresses and the like.
    pub counts: Vec<(&'a [&'a str], Option<i64>)>,
    /// Own addresses.
    pub own: Own<'a>,
    /// Where nothing is said.
    pub default: u32,
}

impl AddressCount<'_> {
    /// The number said and where it stands; a refusal where two ways are used.
    pub fn said(&self, cx: &Context, review: &mut Review) -> Option<(i64, String)> {
        let profile = step(cx.pointer, self.profile);
        let mut ways: Vec<(String, String, i64)> = Vec::new();
        for (path, count) in &self.counts {
            if let Some(count) = count {
                let pointer = path.iter().fold(profile.clone(), step_ref);
                ways.push((path.join("."), pointer, *count));
            }
        }
        if !self.own.is_empty() {
            let word = if self.own.ips.is_empty() {
                "outboundIPPrefixes"
            } else {
                "outboundIPs"
            };
            let count = self.own.addresses(&profile, review)?;
            ways.push((word.to_owned(), step(&profile, word), count));
        }
        match ways.as_slice() {
            [] => Some((i64::from(self.default), profile)),
            [(_, pointer, count)] => Some((*count, pointer.clone())),
            [(first, ..), .., (last, pointer, _)] => {
                review.refusals.push(Fault {
                    code: Code::E0315,
                    pointer: pointer.clone(),
                    found: format!("The public IPs are given both as {first} and as {last}."),
                    allowed: "one of them: Azure clears the others when one is set".to_owned(),
                    remedy: format!("Leave out {first} or {last}."),
                });
                None
            }
        }
    }
}

fn step_ref(pointer: String, token: &&str) -> String {
    step(&pointer, token)
}
