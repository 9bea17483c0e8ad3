//! `snatsim compare`: the same connections under all three Azure types.

use super::simulation::{Options, Verb, simulate};
use super::{Failure, Outcome};

/// Put the same connections through Load Balancer, NAT Gateway and Azure Firewall
///
/// Fills in the Azure types that the scenario lacks, as Azure makes them: Load Balancer with 1
/// public IP, automatic ports and 30 minutes of idle timeout; NAT Gateway with 1 public IP and 4
/// minutes; Azure Firewall with 1 public IP and 2 instances. Without a scenario: the built-in
/// default-cluster.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario file; `-` reads standard input
    scenario: Option<String>,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    simulate(Verb::Compare, args.scenario.as_deref(), &args.options)
}
