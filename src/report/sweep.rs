//! What a sweep comes to, for people: how often which verdict, and where failures begin.

use super::chart::plain;
use crate::results::words::{counted, estimate, wrapped};
use crate::sweep::{Outbound, Summary};

/// Outbounds that are spoken of one by one.
pub(super) const SPOKEN_OF: usize = 6;

/// A headline, the verdicts, and a sentence for every outbound; paragraphs of at most `width` letters.
pub fn sweep(summary: &Summary, width: usize) -> String {
    let points = match summary.points == summary.of {
        true => counted(summary.points, "point"),
        false => format!("{} of {}", summary.points, counted(summary.of, "point")),
    };
    let replications = counted(u64::from(summary.replications), "replication");
    let verdicts: Vec<String> = summary
        .verdicts
        .iter()
        .filter(|(_, rows)| *rows > 0)
        .map(|(verdict, rows)| format!("{rows} {}", verdict.word()))
        .collect();
    let rows = summary.verdicts.iter().map(|(_, rows)| rows).sum();
    let mut text = format!(
        "{}: {points}, {replications}, seed {}\n{}: {}\n",
        plain(&summary.sweep),
        summary.seed,
        counted(rows, "row"),
        verdicts.join(", ")
    );
    let outbounds = &summary.outbounds;
    for outbound in outbounds.iter().take(SPOKEN_OF) {
        text += &format!("\n{}", wrapped(&plain(&sentence(outbound)), width));
    }
    if outbounds.len() > SPOKEN_OF {
        let more = counted((outbounds.len() - SPOKEN_OF) as u64, "more outbound");
        text += &format!("\n{more} in the table.\n");
    }
    text
}

/// Where failures begin.
pub(super) fn sentence(outbound: &Outbound) -> String {
    let Outbound {
        name,
        simulated,
        exhausted,
        first_failure,
    } = outbound;
    let simulated = match simulated {
        0 => return format!("{name}: Azure would refuse it at every point."),
        simulated => counted(*simulated, "point"),
    };
    match first_failure {
        None => format!("{name} fails no connection in {simulated}."),
        Some(first) => {
            let at: Vec<String> = first
                .at
                .iter()
                .map(|(axis, value)| format!("{axis} {value}"))
                .collect();
            format!(
                "{name} runs out of ports at {exhausted} of {simulated}, first at point {} ({}): {} of connections \
                 failed.",
                first.point,
                at.join(", "),
                estimate(&first.failure_probability)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Estimate, IntervalMethod, Verdict};
    use crate::sweep::FirstFailure;

    #[test]
    fn a_summary_counts_verdicts_and_says_where_failures_begin() {
        let outbound = |name: &str, simulated, exhausted| Outbound {
            name: name.to_owned(),
            simulated,
            exhausted,
            first_failure: (exhausted > 0).then(|| FirstFailure {
                point: 4,
                at: vec![("nodes".to_owned(), "51".to_owned())],
                failure_probability: Estimate {
                    estimate: Some(0.0126),
                    low: Some(0.0119),
                    high: Some(0.0132),
                    method: IntervalMethod::Replications,
                },
            }),
        };
        let mut verdicts = Verdict::ALL.map(|verdict| (verdict, 0));
        verdicts[0].1 = 11;
        verdicts[3].1 = 3;
        let summary = Summary {
            sweep: "tiers".to_owned(),
            points: 7,
            of: 14,
            replications: 10,
            seed: 1,
            verdicts,
            outbounds: vec![
                outbound("LB", 7, 3),
                outbound("NAT", 7, 0),
                outbound("V2", 0, 0),
            ],
        };
        assert_eq!(
            sweep(&summary, 100),
            "tiers: 7 of 14 points, 10 replications, seed 1\n\
             14 rows: 11 clear, 3 exhausted\n\n\
             LB runs out of ports at 3 of 7 points, first at point 4 (nodes 51): 1.26 % (1.19 to 1.32) of\n\
             connections failed.\n\n\
             NAT fails no connection in 7 points.\n\n\
             V2: Azure would refuse it at every point.\n"
        );
    }
}
