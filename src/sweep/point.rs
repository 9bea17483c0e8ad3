//! One point: simulated, and what of it is kept.

use super::error::Error;
use super::plan::Sweep;
use crate::model;
use crate::results::counts::OutboundHistograms;
use crate::results::{self, About, Document};
use crate::simulate::{Detail, simulate};

/// What came of a point.
#[derive(Clone, Debug)]
pub struct PointResult {
    /// `result.json`.
    pub document: Document,
    /// The histograms of every outbound type that was simulated.
    pub histograms: Vec<OutboundHistograms>,
}

/// Simulates a point. Where a rule of scenarios forbids the combination, every outbound type is refused.
pub fn simulate_point(sweep: &Sweep, point: u64) -> Result<PointResult, Error> {
    let loaded = sweep
        .scenario(point)
        .map_err(|diagnostics| Error::Point(Box::new(diagnostics)))?;
    let about = About {
        scenario_sha256: sweep.hash(&loaded),
        compare: sweep.compare,
    };
    let model = match model::build(&loaded, &mut |name| sweep.file(name)) {
        Ok(model) => model,
        Err(diagnostics) => {
            let problems = diagnostics.problems().iter();
            let faults: Vec<_> = problems.map(|problem| problem.fault.clone()).collect();
            return Ok(PointResult {
                document: results::refused(&loaded, &sweep.model, &faults, &about),
                histograms: Vec::new(),
            });
        }
    };
    let run = simulate(&model, Detail::Full, &|_, _| ());
    let histograms = model
        .outbounds
        .iter()
        .zip(&run.outbounds)
        .filter_map(|(outbound, run)| {
            let run = run.as_ref()?;
            Some(OutboundHistograms {
                name: outbound.name.clone(),
                connect_latency: run.connect_latency.clone(),
                port_hold: run.port_hold.clone(),
            })
        })
        .collect();
    Ok(PointResult {
        document: results::document(&model, &run, &about),
        histograms,
    })
}
