//! How narrow the intervals of a result are, and how many replications would make them narrower.

use super::document::{Document, OutboundResult};

/// The intervals of a result against the precision that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// Outbound types whose interval is too wide, and by how much of the estimate its upper end lies above it.
    pub too_wide: Vec<(String, f64)>,
    /// Outbound types under which no connection failed: there is nothing to be precise about.
    pub none_failed: Vec<String>,
    /// Replications that would do for all that are too wide, about.
    pub replications: u32,
}

/// Holds the failure probabilities of `document` against `relative`, above 0: the upper end of an interval lies at
/// most this part of the estimate above it. (Intervals are even on the log scale, so the lower end is nearer.)
///
/// Half-widths on the log scale shrink as the square root of the number of replications grows.
pub fn precision(document: &Document, relative: f64) -> Precision {
    let mut found = Precision {
        too_wide: Vec::new(),
        none_failed: Vec::new(),
        replications: document.replications,
    };
    for outbound in &document.outbounds {
        match above(outbound) {
            Some(Above::NoneFailed) => found.none_failed.push(outbound.name.clone()),
            Some(Above::Part(above)) if above > relative => {
                let growth = libm::log1p(above) / libm::log1p(relative);
                let needed = (f64::from(document.replications) * growth * growth).ceil();
                // A float beyond the range becomes its end.
                found.replications = found.replications.max(needed as u32);
                found.too_wide.push((outbound.name.clone(), above));
            }
            _ => {}
        }
    }
    found
}

/// How far the upper end of an interval lies above its estimate.
enum Above {
    NoneFailed,
    Part(f64),
}

/// None where nothing was simulated or decided.
fn above(outbound: &OutboundResult) -> Option<Above> {
    let found = &outbound.figures.as_ref()?.failure_probability;
    let estimate = found.estimate?;
    if estimate == 0.0 {
        return Some(Above::NoneFailed);
    }
    // All in one replication: no interval yet, however wide.
    let high = found
        .high
        .map_or(f64::INFINITY, |high| high / estimate - 1.0);
    Some(Above::Part(high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{About, document, fixture};

    fn of(failed: &[u64], relative: f64) -> (Document, Precision) {
        let (model, run) = fixture::comparison(failed);
        let about = About {
            scenario_sha256: String::new(),
            compare: false,
        };
        let document = document(&model, &run, &about);
        let found = precision(&document, relative);
        (document, found)
    }

    #[test]
    fn an_interval_is_as_wide_as_its_upper_end_is_above_the_estimate() {
        let failed = [5, 9, 7, 5, 9, 7, 5, 9, 7, 7];
        let (document, found) = of(&failed, 0.01);
        let shown = &document.outbounds[0]
            .figures
            .as_ref()
            .unwrap()
            .failure_probability;
        let above = shown.high.unwrap() / shown.estimate.unwrap() - 1.0;
        assert_eq!(found.too_wide, [("LB default".to_owned(), above)]);
        assert_eq!(found.none_failed, ["NAT gateway"]);
        // As many as would make the half-width on the log scale that of 1 %.
        let growth = (above.ln_1p() / 0.01f64.ln_1p()).powi(2);
        assert_eq!(found.replications, (10.0 * growth).ceil() as u32);
        let (_, found) = of(&failed, above * (1.0 + 1e-12));
        assert!(found.too_wide.is_empty());
        assert_eq!(found.replications, 10);
    }
}
