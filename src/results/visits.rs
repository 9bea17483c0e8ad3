//! How often what is counted meets the busy state of a workload that has two.

use super::varying::rate;
use super::words::{count, span};
use crate::model::{Mix, Model};
use crate::traffic::{Bursty, Correlation};

/// Visits of a busy state below which what was seen says little about it.
const FEWEST_VISITS: f64 = 5.0;

/// Says so where a run hardly meets the busier of two states: what happens in it is then hardly in the figures.
pub(super) fn busy_hardly_met(
    name: &str,
    bursty: &Bursty,
    mix: &Mix,
    model: &Model,
) -> Option<String> {
    let (on, off) = (&bursty.on, &bursty.off);
    let (busy, share) = match on.per_second >= off.per_second {
        true => (on, bursty.share_on()),
        false => (off, 1.0 - bursty.share_on()),
    };
    if on.per_second == off.per_second {
        return None;
    }
    let chains = match bursty.correlation {
        Correlation::Workload => 1,
        Correlation::Node => mix.nodes.len(),
    };
    let window = (model.duration - model.warmup).as_secs_f64();
    let cycle = on.mean.as_secs_f64() + off.mean.as_secs_f64();
    // Those that are under way at its start, and those that begin in it.
    let of_one = chains as f64 * (share + window / cycle);
    let visits = of_one * f64::from(model.replications);
    (visits < FEWEST_VISITS).then(|| {
        format!(
            "The busy state of workload \"{name}\" ({} a second for {} at a time) comes {} times on average in all that is \
             counted: figures may know little or nothing of it, and what was not seen to fail is less certain than its \
             bound says. With {} replications it would come {FEWEST_VISITS} times.",
            rate(busy.per_second),
            span(busy.mean.as_secs_f64()),
            rate(visits),
            count((FEWEST_VISITS / of_one).ceil() as u64)
        )
    })
}
