//! How rarely a first SYN is refused: what `--rare` adds to a result.

use super::document::*;
use super::words::{count, counted, share};
use crate::fault::Code;
use crate::model::{Model, Outbound};
use crate::simulate::rare::{Rare as Found, WhyNot};
use statrs::distribution::{ContinuousCDF, Normal};

/// Adds what was found of every outbound of `model` to its result.
pub fn add_rare(document: &mut Document, model: &Model, found: &[Option<Result<Found, WhyNot>>]) {
    let confidence = document.confidence;
    let outbounds = model.outbounds.iter().zip(found);
    for (result, (outbound, found)) in document.outbounds.iter_mut().zip(outbounds) {
        let (Some(figures), Some(found)) = (&mut result.figures, found) else {
            continue;
        };
        let rare = match found {
            Ok(found) => estimated(found, confidence),
            Err(why) => Rare {
                refused_first: None,
                cells: None,
                why: Some(reason(why, model, outbound)),
            },
        };
        result.findings.push(Finding {
            code: Code::F0120.id().to_owned(),
            severity: Severity::Info,
            text: sentence(&rare),
        });
        figures.rare = Some(rare);
    }
}

fn estimated(found: &Found, confidence: f64) -> Rare {
    let normal = Normal::standard();
    let reach = normal.inverse_cdf(0.5 + confidence / 2.0) * found.relative_error;
    Rare {
        refused_first: Some(RareEstimate {
            estimate: found.estimate,
            low: found.estimate * libm::exp(-reach),
            high: (found.estimate * libm::exp(reach)).min(1.0),
            relative_standard_error: found.relative_error,
            method: RareMethod::ConditionalClusters,
        }),
        cells: Some(RareCells {
            matter: found.matter,
            of: found.cells,
            clusters: found.clusters,
        }),
        why: None,
    }
}

fn reason(why: &WhyNot, model: &Model, outbound: &Outbound) -> String {
    match why {
        WhyNot::NotRare { pool, load, limit } => {
            format!(
                "refusals are not rare: {} would use {} of the {} that it may toward one destination on average if none \
                 were refused, and one cluster of refusals runs into the next; plain simulation counts them",
                model.pool_name(outbound, *pool),
                count(load.round() as u64),
                count(u64::from(*limit))
            )
        }
        WhyNot::TooLong(connections) => format!(
            "ports are held for such different times that it would take {connections:.0e} connections"
        ),
        WhyNot::Never(bound) => format!(
            "no pool would be full with a probability above {}, even if nothing were refused",
            share(*bound)
        ),
        WhyNot::Ceiling => {
            "the ceiling on connections over all destinations may refuse as well, and it joins all cells into one"
                .to_owned()
        }
    }
}

/// What was found, in one sentence.
pub fn sentence(rare: &Rare) -> String {
    match (&rare.refused_first, &rare.cells, &rare.why) {
        (Some(found), Some(cells), _) => format!(
            "In the steady state a first SYN is refused with probability {:.2e} ({:.2e} to {:.2e}): {} of {} matter, \
             {} of refusals drawn.",
            found.estimate,
            found.low,
            found.high,
            count(cells.matter),
            counted(cells.of, "cell"),
            counted(cells.clusters, "cluster")
        ),
        (.., why) => format!(
            "How rarely a first SYN is refused was not estimated: {}.",
            why.as_deref().unwrap_or("nothing arrives")
        ),
    }
}
