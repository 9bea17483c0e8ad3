//! `.hgrm`: the percentile text of HdrHistogram, in seconds, which its plotters read.

use crate::record::Latencies;
use std::io::{self, Write};

/// Rows for every halving of the distance to 100 %.
const TICKS_PER_HALF_DISTANCE: u32 = 5;

/// Writes the percentiles of `spans`; values in seconds.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(out: &mut impl Write, spans: &Latencies) -> io::Result<()> {
    let histogram = spans.histogram();
    let max = spans.max().unwrap_or(0.0);
    writeln!(
        out,
        "{:>14} {:>14} {:>12} {:>16}\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    )?;
    let mut seen = 0;
    for step in histogram.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
        seen += step.count_since_last_iteration();
        let seconds = (step.value_iterated_to() as f64 / 1e9).min(max);
        let quantile = step.quantile_iterated_to();
        if quantile < 1.0 {
            let odds = 1.0 / (1.0 - quantile);
            writeln!(
                out,
                "{seconds:>14.6} {quantile:>14.12} {seen:>12} {odds:>16.2}"
            )?;
        } else {
            writeln!(out, "{seconds:>14.6} {quantile:>14.12} {seen:>12}")?;
        }
    }
    let mean = spans.mean().unwrap_or(0.0);
    let deviation = histogram.stdev() / 1e9;
    let count = spans.count();
    writeln!(
        out,
        "#[Mean    = {mean:>12.6}, StdDeviation   = {deviation:>12.6}]"
    )?;
    writeln!(
        out,
        "#[Max     = {max:>12.6}, Total count    = {count:>12}]"
    )?;
    writeln!(
        out,
        "#[Buckets = {:>12}, SubBuckets     = {:>12}]",
        histogram.buckets(),
        SUB_BUCKETS
    )
}

/// Of a histogram with three significant digits: the power of two from 2 × 10³ on.
const SUB_BUCKETS: u32 = 2_048;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimTime;

    #[test]
    fn percentiles_start_at_the_smallest_and_end_at_the_exact_maximum() {
        let mut spans = Latencies::default();
        spans.record_zeros(90);
        for _ in 0..9 {
            spans.record(SimTime::from_secs(1));
        }
        spans.record(SimTime::from_nanos(7_000_123_000));
        let mut text = Vec::new();
        write(&mut text, &spans).unwrap();
        let text = String::from_utf8(text).unwrap();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip(2)
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[0], ["0.000000", "0.000000000000", "90", "1.00"]);
        assert_eq!(*rows.last().unwrap(), ["7.000123", "1.000000000000", "100"]);
        assert!(rows.iter().any(|row| row[0].starts_with("1.000")));
        assert!(text.contains("#[Mean    =     0.160001, StdDeviation"));
        assert!(text.contains("#[Max     =     7.000123, Total count    =          100]"));
    }

    #[test]
    fn nothing_recorded_is_an_empty_table_with_its_footer() {
        let mut text = Vec::new();
        write(&mut text, &Latencies::default()).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("Total count    =            0]"), "{text}");
    }
}
