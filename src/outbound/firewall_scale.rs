//! Instances of an Azure Firewall that come and go by Azure's rule: its words, its numbers, its limits.

use super::review::{Context, Limited, Review};
use super::{Assumptions, AzureFirewallBlock, OutboundSpec, azure};
use crate::fault::{Code, Fault, step};
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

/// `autoscaleConfiguration` of an Azure Firewall, as ARM has it, and ours beside it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"minCapacity\": 2, \"maxCapacity\": 10 }"
)]
pub struct AutoscaleConfiguration {
    /// The fewest instances, 2 if nothing is said.
    pub min_capacity: Option<i64>,
    /// The most instances: the same (there is then no autoscaling) or at least 2 more; the assumption
    /// `firewallMaxInstances` if nothing is said.
    pub max_capacity: Option<i64>,
    /// New connections per second that use all of an instance's throughput or CPU, above 0, as measured: no document
    /// gives a number. Left out, only the number of connections makes the firewall scale.
    pub connections_per_second_per_instance: Option<f64>,
    /// How long it takes from the want of an instance until it takes connections, default `7m`, the longest of the five
    /// to seven minutes in `articles/firewall/firewall-faq.yml`.
    pub scale_out_after: Option<SimTime>,
    /// How long use has to be low, and nothing to have changed, before an instance leaves, default `10m`, which no
    /// document gives.
    pub scale_in_after: Option<SimTime>,
}

/// The rule by which the instances of a firewall come and go, one at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirewallScaling {
    /// The fewest instances.
    pub least: u32,
    /// The most instances, more than the fewest.
    pub most: u32,
    /// New connections per second that use all of an instance, if that is known.
    pub per_second: Option<f64>,
    /// From the want of an instance until it is there.
    pub out_after: SimTime,
    /// How long use has to be low before one leaves.
    pub in_after: SimTime,
}

impl AutoscaleConfiguration {
    fn capacities(&self, assumptions: &Assumptions) -> (i64, i64) {
        let least = i64::from(azure::FIREWALL_INSTANCES_LEAST);
        let min = self.min_capacity.unwrap_or(least);
        let most = i64::from(assumptions.firewall_max_instances);
        (min, self.max_capacity.unwrap_or(most.max(min)))
    }

    /// The fewest and the most instances, under Azure's rules.
    fn limits(&self, cx: &Context, pointer: &str, review: &mut Review) -> Option<(u32, u32)> {
        let (min, max) = self.capacities(cx.assumptions);
        let rule = |name| Limited {
            code: Code::E0333,
            name,
            unit: "instances",
            range: i64::from(azure::FIREWALL_INSTANCES_LEAST)
                ..=i64::from(cx.assumptions.firewall_max_instances),
            quote: None,
            remedy: "Set it within that range. Documents disagree on the most a firewall scales to, 20 or 50: \
                     assumptions.firewallMaxInstances says which holds.",
        };
        let least = review.limit(min, step(pointer, "minCapacity"), &rule("minCapacity"));
        let most = review.limit(max, step(pointer, "maxCapacity"), &rule("maxCapacity"));
        let (least, most) = (least?, most?);
        if most < least || most == least + 1 {
            review.refusals.push(Fault {
                code: Code::E0333,
                pointer: pointer.to_owned(),
                found: format!("minCapacity is {least} and maxCapacity {most}."),
                allowed: "a maxCapacity that is minCapacity, or at least 2 above it".to_owned(),
                remedy: format!(
                    "Set maxCapacity to {least} for as many all along, or to {} or more.",
                    least + 2
                ),
            });
            return None;
        }
        Some((least, most))
    }

    fn check_numbers(&self, pointer: &str, review: &mut Review) {
        let number = self.connections_per_second_per_instance;
        if number.is_some_and(|number| !(number > 0.0 && number.is_finite())) {
            review.errors.push(Fault {
                code: Code::E0334,
                pointer: step(pointer, "connectionsPerSecondPerInstance"),
                found: format!(
                    "An instance is full with {} connections a second.",
                    number.unwrap_or_default()
                ),
                allowed: "a number above 0".to_owned(),
                remedy: "Give what you measured (Throughput of Azure Monitor at its limit), or leave it out.".to_owned(),
            });
        }
        let spans = [
            ("scaleOutAfter", self.scale_out_after),
            ("scaleInAfter", self.scale_in_after),
        ];
        for (field, _) in spans
            .iter()
            .filter(|(_, span)| *span == Some(SimTime::ZERO))
        {
            review.errors.push(Fault {
                code: Code::E0334,
                pointer: step(pointer, field),
                found: format!("{field} is 0s."),
                allowed: "a span above 0s".to_owned(),
                remedy: "Leave it out for the default.".to_owned(),
            });
        }
    }

    /// The rule, for a configuration that breaks none; none where there are as many instances all along.
    fn scaling(&self, assumptions: &Assumptions) -> Option<FirewallScaling> {
        let (least, most) = self.capacities(assumptions);
        (least < most).then_some(FirewallScaling {
            least: u32::try_from(least).ok()?,
            most: u32::try_from(most).ok()?,
            per_second: self.connections_per_second_per_instance,
            out_after: self
                .scale_out_after
                .unwrap_or(azure::FIREWALL_SCALE_OUT_AFTER),
            in_after: self.scale_in_after.unwrap_or(SCALE_IN_AFTER),
        })
    }
}

/// How long use has to be low before an instance leaves; no document says.
const SCALE_IN_AFTER: SimTime = SimTime::from_secs(600);

impl OutboundSpec {
    /// The rule by which its firewall scales, for an entry that breaks none; none where its instances stay.
    pub fn firewall_scaling(&self, assumptions: &Assumptions) -> Option<FirewallScaling> {
        let block = self.azure_firewall.as_ref()?;
        block.autoscale_configuration.as_ref()?.scaling(assumptions)
    }
}

impl AzureFirewallBlock {
    /// Instances at the start, under the rules.
    pub(super) fn first_instances(
        &self,
        cx: &Context,
        fixed: &Limited,
        review: &mut Review,
    ) -> Option<u32> {
        let pointer = step(cx.pointer, "azureFirewall");
        let at = step(&pointer, "instances");
        let Some(words) = &self.autoscale_configuration else {
            let least = i64::from(azure::FIREWALL_INSTANCES_LEAST);
            return review.limit(self.instances.unwrap_or(least), at, fixed);
        };
        let pointer = step(&pointer, "autoscaleConfiguration");
        words.check_numbers(&pointer, review);
        if self.nat_gateway.is_some() {
            review.errors.push(Fault {
                code: Code::E0334,
                pointer: pointer.clone(),
                found: "Instances come and go, and the ports are those of the NAT Gateway."
                    .to_owned(),
                allowed: "autoscaleConfiguration of a firewall with public IPs of its own"
                    .to_owned(),
                remedy: "Remove it: how many instances there are changes no port of the gateway."
                    .to_owned(),
            });
        }
        let (least, most) = words.limits(cx, &pointer, review)?;
        let rule = Limited {
            range: i64::from(least)..=i64::from(most),
            remedy: "Set instances from minCapacity to maxCapacity, or leave it out to begin with minCapacity.",
            ..*fixed
        };
        review.limit(self.instances.unwrap_or(i64::from(least)), at, &rule)
    }

    /// Makes the instances at the start those that there are all along.
    pub(crate) fn fix_instances(&mut self) {
        if let Some(words) = self.autoscale_configuration.take() {
            self.instances = self.instances.or(words.min_capacity);
        }
    }
}
