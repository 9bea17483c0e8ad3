//! How much of its ports the fullest pool has in use, minute by minute.

use super::limits::PoolLimits;
use crate::model::{Model, Outbound};
use crate::simulate::{Minutes, OutboundRun, RunResult};

/// The use of ports of one outbound type, by minute.
#[derive(Clone, Debug, PartialEq)]
pub struct UseByMinute {
    /// Of the pool that came nearest to its limit in that minute, in any replication: its peak of ports in use over those
    /// it has. None in a minute in which there is no pool.
    pub highest: Vec<Option<f64>>,
    /// Whether any pool refused a SYN in that minute, in any replication.
    pub refuses: Vec<bool>,
}

/// The use of ports of each outbound type; none of one that Azure would refuse, that has no ports, or of which no minutes
/// were recorded ([`Detail::Full`](crate::simulate::Detail::Full)).
pub fn use_by_minute(model: &Model, run: &RunResult) -> Vec<Option<UseByMinute>> {
    let pairs = model.outbounds.iter().zip(&run.outbounds);
    pairs
        .map(|(outbound, run)| of_outbound(model, outbound, run.as_ref()?))
        .collect()
}

fn of_outbound(model: &Model, outbound: &Outbound, run: &OutboundRun) -> Option<UseByMinute> {
    let runs = run.replications.iter().map(|run| run.minutes.as_ref());
    let runs: Vec<&Minutes> = runs.collect::<Option<_>>()?;
    let first = runs.first()?;
    let (minutes, pools) = (first.minutes, first.peak.len() / first.minutes.max(1));
    let limits = PoolLimits::of(model, outbound);
    let mut found = UseByMinute {
        highest: vec![None; minutes],
        refuses: vec![false; minutes],
    };
    for minute in 0..minutes {
        for pool in 0..pools {
            let limit = limits.in_minute(pool, first.first + minute);
            let Some(limit) = limit.filter(|limit| *limit > 0) else {
                continue;
            };
            let at = pool * minutes + minute;
            let peak = runs.iter().map(|run| run.peak[at]).max().unwrap_or(0);
            let used = f64::from(peak) / f64::from(limit);
            let highest = &mut found.highest[minute];
            *highest = Some(highest.map_or(used, |known| known.max(used)));
            found.refuses[minute] |= runs.iter().any(|run| run.refused[at] > 0);
        }
    }
    found.highest.iter().any(Option::is_some).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    #[test]
    fn the_fullest_pool_of_any_replication_counts() {
        let (model, mut run) = fixture::comparison(&[0, 0]);
        let replications = &mut run.outbounds[0].as_mut().unwrap().replications;
        let minutes = replications[1].minutes.as_mut().unwrap();
        // The second of two pools of 1,024 ports, in the fourth minute.
        minutes.peak[minutes.minutes + 3] = 768;
        minutes.refused[minutes.minutes + 3] = 1;
        let found = use_by_minute(&model, &run);
        let used = found[0].as_ref().unwrap();
        assert_eq!(used.highest[3], Some(0.75));
        let full = used.refuses.iter().enumerate().filter(|(_, full)| **full);
        assert_eq!(full.map(|(minute, _)| minute).collect::<Vec<_>>(), [3]);
        assert!(
            found[1]
                .as_ref()
                .unwrap()
                .highest
                .iter()
                .all(|used| used.is_some_and(|used| used < 1.0))
        );
    }

    #[test]
    fn without_minutes_there_is_nothing_to_tell() {
        let (model, mut run) = fixture::comparison(&[0]);
        for outbound in run.outbounds.iter_mut().flatten() {
            for replication in &mut outbound.replications {
                replication.minutes = None;
            }
        }
        assert_eq!(use_by_minute(&model, &run), [None, None]);
    }
}
