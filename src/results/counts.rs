//! `histograms.json`: the exact counts behind the `.hgrm` files, from which they can be added up without loss.

use crate::record::{Latencies, SpanCounts};
use crate::units::SimTime;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// The histograms of one outbound type.
#[derive(Clone, Debug)]
pub struct OutboundHistograms {
    /// Name of the outbound.
    pub name: String,
    /// Granted SYN minus first SYN, of established connections.
    pub connect_latency: Latencies,
    /// From the grant of a port to its release.
    pub port_hold: Latencies,
}

/// The file, times in nanoseconds.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    outbounds: Vec<Outbound>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Outbound {
    name: String,
    connect_latency: Spans,
    port_hold: Spans,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spans {
    zeros: u64,
    /// The smallest above zero.
    min: Option<u64>,
    max: u64,
    /// As text: it may need more than 64 bits.
    sum: String,
    /// Where each cell of the histogram begins, and the spans in it.
    counts: Vec<(u64, u64)>,
}

/// Writes the counts of all outbounds.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(out: &mut impl Write, outbounds: &[OutboundHistograms]) -> io::Result<()> {
    let file = File {
        outbounds: outbounds
            .iter()
            .map(|outbound| Outbound {
                name: outbound.name.clone(),
                connect_latency: Spans::of(&outbound.connect_latency),
                port_hold: Spans::of(&outbound.port_hold),
            })
            .collect(),
    };
    serde_json::to_writer(&mut *out, &file)?;
    out.write_all(b"\n")
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// When it is something else.
pub fn read(text: &[u8]) -> serde_json::Result<Vec<OutboundHistograms>> {
    let file: File = serde_json::from_slice(text)?;
    file.outbounds
        .into_iter()
        .map(|outbound| {
            Ok(OutboundHistograms {
                connect_latency: outbound.connect_latency.restore()?,
                port_hold: outbound.port_hold.restore()?,
                name: outbound.name,
            })
        })
        .collect()
}

impl Spans {
    fn of(spans: &Latencies) -> Spans {
        let counts = spans.counts();
        Spans {
            zeros: counts.zeros,
            min: counts.min.map(SimTime::as_nanos),
            max: counts.max.as_nanos(),
            sum: counts.sum_nanos.to_string(),
            counts: counts.cells,
        }
    }

    fn restore(self) -> serde_json::Result<Latencies> {
        let sum_nanos = self.sum.parse().map_err(serde::de::Error::custom)?;
        Ok(Latencies::restore(&SpanCounts {
            zeros: self.zeros,
            min: self.min.map(SimTime::from_nanos),
            max: SimTime::from_nanos(self.max),
            sum_nanos,
            cells: self.counts,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let mut latency = Latencies::default();
        latency.record_zeros(3);
        latency.record(SimTime::from_secs(7));
        let outbounds = [OutboundHistograms {
            name: "LB".to_owned(),
            connect_latency: latency,
            port_hold: Latencies::default(),
        }];
        let mut text = Vec::new();
        write(&mut text, &outbounds).unwrap();
        let again = read(&text).unwrap();
        assert_eq!(again[0].name, "LB");
        assert_eq!(
            again[0].connect_latency.counts(),
            outbounds[0].connect_latency.counts()
        );
        assert_eq!(again[0].port_hold.counts(), outbounds[0].port_hold.counts());
        assert!(read(b"{}").is_err());
    }
}
