//! Reads `timeline.csv`, row by row, into what charts show of it.

use super::Error;
use std::path::Path;

/// The minutes of an outbound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Minutes {
    /// The first minute, counted from the start of the run.
    pub first: u32,
    /// Fewest and most ports in use, each minute, over replications and the pools that had any in use.
    pub range: Vec<(f64, f64)>,
    /// The pool that refused the most SYNs in one replication, or had the highest peak where none did.
    pub worst: Worst,
    /// Every replication, and in it every pool, in the order of the file.
    pub pools: Vec<Vec<PoolMinutes>>,
    /// Refused SYNs of all pools, each minute, one list a replication.
    pub refused: Vec<Vec<f64>>,
}

/// One pool in one replication.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Worst {
    /// The pool.
    pub pool: String,
    /// The replication, from 0.
    pub replication: u32,
    /// Its peak of ports in use, each minute.
    pub used: Vec<f64>,
    /// SYNs that it refused, each minute.
    pub refused: Vec<f64>,
}

/// One pool in one replication.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoolMinutes {
    /// Its name.
    pub name: String,
    /// Its peak of ports in use, each minute.
    pub used: Vec<f32>,
    /// Whether it refused a SYN, each minute.
    pub refused: Vec<bool>,
}

/// Peak of ports in use, what every outbound type has.
const USED: &str = "snatsim.usedPorts";

/// Whether a metric counts refused SYNs, in the words of its outbound type.
fn counts_refused(metric: &str, dimension: &str) -> bool {
    metric == "snatsim.refusedSyns" || dimension == "ConnectionState=Failed"
}

/// A pool in a replication while its rows come.
#[derive(Default)]
struct Block {
    pool: String,
    replication: u32,
    first: u32,
    used: Vec<f64>,
    refused: Vec<f64>,
}

/// The minutes of every outbound of a file, in its order.
pub(super) fn read(path: &Path) -> Result<Vec<(String, Minutes)>, Error> {
    let wrong = |reason: &str| Error::damaged(path, reason);
    let mut csv = csv::Reader::from_path(path).map_err(|error| plain(path, error))?;
    let mut outbounds: Vec<(String, Fold)> = Vec::new();
    let mut block = Block::default();
    let mut row = csv::StringRecord::new();
    while csv
        .read_record(&mut row)
        .map_err(|error| plain(path, error))?
    {
        let mut fields = row.iter();
        let mut next = || {
            fields
                .next()
                .ok_or_else(|| wrong("a row has too few fields"))
        };
        let (outbound, replication, pool) = (next()?, next()?, next()?);
        let (minute, metric, dimension, value) = (next()?, next()?, next()?, next()?);
        let used = metric == USED;
        if !used && !counts_refused(metric, dimension) {
            continue;
        }
        let number = |text: &str| text.parse().map_err(|_| wrong("a number is none"));
        let (replication, minute): (u32, u32) = (number(replication)?, number(minute)?);
        let value: f64 = value.parse().map_err(|_| wrong("a value is no number"))?;
        let same = outbounds.last().is_some_and(|(name, _)| name == outbound)
            && block.pool == pool
            && block.replication == replication;
        if !same {
            if let Some((_, fold)) = outbounds.last_mut() {
                fold.take(std::mem::take(&mut block));
            }
            if outbounds.last().is_none_or(|(name, _)| name != outbound) {
                outbounds.push((outbound.to_owned(), Fold::default()));
            }
            block = Block {
                pool: pool.to_owned(),
                replication,
                first: minute,
                ..Block::default()
            };
        }
        let at = minute
            .checked_sub(block.first)
            .ok_or_else(|| wrong("minutes do not ascend"))? as usize;
        let series = if used {
            &mut block.used
        } else {
            &mut block.refused
        };
        series.resize(series.len().max(at + 1), 0.0);
        series[at] += value;
    }
    if let Some((_, fold)) = outbounds.last_mut() {
        fold.take(block);
    }
    let done = |(name, mut fold): (String, Fold)| {
        // Where no pool had a port in use there is no range but zero.
        for range in &mut fold.minutes.range {
            range.0 = range.0.min(range.1);
        }
        (name, fold.minutes)
    };
    Ok(outbounds.into_iter().map(done).collect())
}

fn plain(path: &Path, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::read(path)(source),
        other => Error::damaged(path, format!("{other:?}")),
    }
}

/// The minutes of an outbound while its blocks come.
#[derive(Default)]
struct Fold {
    minutes: Minutes,
}

impl Minutes {
    /// Pools of a replication.
    pub fn pool_count(&self) -> usize {
        self.pools.first().map_or(0, Vec::len)
    }
}

impl Fold {
    fn take(&mut self, mut block: Block) {
        let length = block.used.len();
        block.refused.resize(length, 0.0);
        let minutes = &mut self.minutes;
        minutes.first = block.first;
        if minutes.range.is_empty() {
            minutes.range = vec![(f64::INFINITY, 0.0); length];
        }
        // A node that nothing runs on would draw the range down to zero.
        if block.used.iter().any(|used| *used > 0.0) {
            for (range, used) in minutes.range.iter_mut().zip(&block.used) {
                *range = (range.0.min(*used), range.1.max(*used));
            }
        }
        let replication = block.replication as usize;
        if minutes.refused.len() <= replication {
            minutes.refused.resize(replication + 1, vec![0.0; length]);
            minutes.pools.resize(replication + 1, Vec::new());
        }
        for (sum, refused) in minutes.refused[replication].iter_mut().zip(&block.refused) {
            *sum += refused;
        }
        minutes.pools[replication].push(PoolMinutes {
            name: block.pool.clone(),
            used: block.used.iter().map(|used| *used as f32).collect(),
            refused: block.refused.iter().map(|refused| *refused > 0.0).collect(),
        });
        let peak = |used: &[f64]| used.iter().copied().fold(0.0, f64::max);
        let rank = |refused: &[f64], used: &[f64]| (refused.iter().sum::<f64>(), peak(used));
        let worst = &minutes.worst;
        let first = worst.used.is_empty();
        if first || rank(&block.refused, &block.used) > rank(&worst.refused, &worst.used) {
            minutes.worst = Worst {
                pool: block.pool,
                replication: block.replication,
                used: block.used,
                refused: block.refused,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<(String, Minutes)>, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let head = "outbound,replication,pool,minute,metric,dimension,value\n";
        std::fs::write(file.path(), format!("{head}{text}")).unwrap();
        read(file.path())
    }

    #[test]
    fn pools_and_replications_are_folded_as_they_come() {
        let found = read_text(
            "LB,0,a-0,5,snatsim.usedPorts,,10\n\
             LB,0,a-0,5,SnatConnectionCount,ConnectionState=Failed,0\n\
             LB,0,a-0,6,snatsim.usedPorts,,20\n\
             LB,0,a-1,5,snatsim.usedPorts,,3\n\
             LB,0,a-1,6,snatsim.usedPorts,,8\n\
             LB,0,a-1,6,SnatConnectionCount,ConnectionState=Failed,2\n\
             LB,1,a-0,5,snatsim.usedPorts,,30\n\
             LB,1,a-0,6,snatsim.usedPorts,,1\n\
             LB,1,a-0,6,SnatConnectionCount,ConnectionState=Successful,9\n\
             \"N, \"\"x\"\"\",0,gateway,5,snatsim.usedPorts,,7\n",
        )
        .unwrap();
        assert_eq!(found.len(), 2);
        let (name, minutes) = &found[0];
        assert_eq!((name.as_str(), minutes.first), ("LB", 5));
        assert_eq!(minutes.range, [(3.0, 30.0), (1.0, 20.0)]);
        assert_eq!(minutes.worst.pool, "a-1");
        assert_eq!(minutes.worst.refused, [0.0, 2.0]);
        assert_eq!(minutes.pools[0][0].used, [10.0, 20.0]);
        assert_eq!(minutes.pools[0][1].refused, [false, true]);
        assert_eq!(minutes.pools[1].len(), 1);
        assert_eq!(minutes.refused, [vec![0.0, 2.0], vec![0.0, 0.0]]);
        assert_eq!(found[1].0, "N, \"x\"");
        assert_eq!(found[1].1.worst.used, [7.0]);
    }

    #[test]
    fn a_row_that_is_none_is_an_error() {
        let error = read_text("LB,0,a-0,five,snatsim.usedPorts,,10\n").unwrap_err();
        assert!(error.to_string().ends_with("a number is none"), "{error}");
    }
}
