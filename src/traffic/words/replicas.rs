//! The words for replicas: how many pods a workload has, and so which nodes open its connections.

use super::check::Range;
use crate::fault::{Code, Fault, Faults, step};

/// The replicas of a workload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replicas {
    /// Pods.
    pub count: u32,
    /// Share of all connections that the first pod opens, in [0, 1]; that of any other where nothing is said.
    pub noisy: Option<f64>,
}

impl Replicas {
    /// Share of every node of `nodes`, at least 1, adding up to 1; some may be 0. `workload` is where the workload stands.
    ///
    /// The scheduler deals the pods evenly: every node has `count / nodes`, and those that are left go to the first nodes.
    /// The noisy pod is on the first node.
    pub fn resolve(&self, nodes: usize, workload: &str, faults: &mut Faults) -> Option<Vec<f64>> {
        if self.count == 0 {
            faults.push(Fault {
                code: Code::E0210,
                pointer: step(workload, "replicas"),
                found: "With 0 replicas nobody opens a connection.".to_owned(),
                allowed: "1 or more".to_owned(),
                remedy: "Remove the workload to have none of it.".to_owned(),
            });
            return None;
        }
        if let Some(share) = self.noisy {
            let pointer = step(workload, "noisyReplica");
            Range::UNIT.check(share, "The share of the noisy replica", &pointer, faults)?;
        }
        let (noisy, other) = self.shares();
        let share = |node: usize| match node {
            0 => noisy + (self.pods(0, nodes) - 1) as f64 * other,
            _ => self.pods(node, nodes) as f64 * other,
        };
        Some((0..nodes).map(share).collect())
    }

    /// Share of all connections of every pod on `node` of `nodes`; at least one pod is there.
    pub fn on(&self, node: usize, nodes: usize) -> Vec<f64> {
        let (noisy, other) = self.shares();
        let mut shares = vec![other; self.pods(node, nodes)];
        if node == 0 {
            shares[0] = noisy;
        }
        shares
    }

    /// Pods on `node` of `nodes`.
    pub fn pods(&self, node: usize, nodes: usize) -> usize {
        let count = self.count as usize;
        count / nodes + usize::from(node < count % nodes)
    }

    /// Shares of the noisy pod and of any other.
    fn shares(&self) -> (f64, f64) {
        let count = self.count as usize;
        match self.noisy {
            // A pod that is alone opens everything.
            Some(share) if count > 1 => (share, (1.0 - share) / (count - 1) as f64),
            _ => (1.0 / count as f64, 1.0 / count as f64),
        }
    }
}
