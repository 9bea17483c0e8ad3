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
    /// Its peak of ports in use, each minute; NaN where the pool is not there.
    pub used: Vec<f64>,
    /// SYNs that it refused, each minute.
    pub refused: Vec<f64>,
}

/// One pool in one replication.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoolMinutes {
    /// Its name.
    pub name: String,
    /// Its peak of ports in use, each minute; NaN where the pool is not there.
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
        match used {
            true => {
                // Minutes without a row are those in which the pool is not there.
                block.used.resize(block.used.len().max(at + 1), f64::NAN);
                block.used[at] = value;
            }
            false => {
                block.refused.resize(block.refused.len().max(at + 1), 0.0);
                block.refused[at] += value;
            }
        }
    }
    if let Some((_, fold)) = outbounds.last_mut() {
        fold.take(block);
    }
    let done = |(name, fold): (String, Fold)| (name, fold.finish());
    Ok(outbounds.into_iter().map(done).collect())
}

fn plain(path: &Path, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::read(path)(source),
        other => Error::damaged(path, format!("{other:?}")),
    }
}

/// The minutes of an outbound while its blocks come, by minute of the run.
#[derive(Default)]
struct Fold {
    range: Vec<(f64, f64)>,
    /// By replication.
    refused: Vec<Vec<f64>>,
    /// By replication, its pools and the first minute of each.
    pools: Vec<Vec<(u32, PoolMinutes)>>,
    worst: Block,
}

impl Minutes {
    /// From when until when there is a pool of which this is `used`, in seconds of the run.
    pub fn there<T: Copy + Into<f64>>(&self, used: &[T]) -> (f64, f64) {
        let is_there = |used: &T| !(*used).into().is_nan();
        let from = used.iter().position(is_there).unwrap_or(0);
        let last = used.iter().rposition(is_there);
        let at = |minute: usize| 60.0 * (f64::from(self.first) + minute as f64);
        (at(from), at(last.map_or(0, |last| last + 1)))
    }

    /// Pools of a replication.
    pub fn pool_count(&self) -> usize {
        self.pools.first().map_or(0, Vec::len)
    }
}

impl Fold {
    fn take(&mut self, mut block: Block) {
        let first = block.first as usize;
        let until = first + block.used.len();
        block.refused.resize(block.used.len(), 0.0);
        const NOTHING: (f64, f64) = (f64::INFINITY, 0.0);
        self.range.resize(self.range.len().max(until), NOTHING);
        // A node that nothing runs on would draw the range down to zero.
        if block.used.iter().any(|used| *used > 0.0) {
            for (range, used) in self.range[first..].iter_mut().zip(&block.used) {
                *range = (range.0.min(*used), range.1.max(*used));
            }
        }
        let replication = block.replication as usize;
        if self.refused.len() <= replication {
            self.refused.resize(replication + 1, Vec::new());
            self.pools.resize(replication + 1, Vec::new());
        }
        let sums = &mut self.refused[replication];
        sums.resize(sums.len().max(until), 0.0);
        for (sum, refused) in sums[first..].iter_mut().zip(&block.refused) {
            *sum += refused;
        }
        let pool = PoolMinutes {
            name: block.pool.clone(),
            used: block.used.iter().map(|used| *used as f32).collect(),
            refused: block.refused.iter().map(|refused| *refused > 0.0).collect(),
        };
        self.pools[replication].push((block.first, pool));
        let peak = |used: &[f64]| used.iter().copied().fold(0.0, f64::max);
        let rank = |block: &Block| (block.refused.iter().sum::<f64>(), peak(&block.used));
        if self.worst.used.is_empty() || rank(&block) > rank(&self.worst) {
            self.worst = block;
        }
    }

    /// All series from the first minute that any pool has to the last.
    fn finish(self) -> Minutes {
        let starts = self.pools.iter().flatten().map(|(first, _)| *first);
        let first = starts.min().unwrap_or(0);
        let length = self.range.len().saturating_sub(first as usize);
        let laid_out = |(from, pool): (u32, PoolMinutes)| PoolMinutes {
            name: pool.name,
            used: among(&pool.used, (from - first) as usize, length, f32::NAN),
            refused: among(&pool.refused, (from - first) as usize, length, false),
        };
        let pools = self.pools.into_iter();
        let of_worst = self.worst.first.saturating_sub(first) as usize;
        Minutes {
            first,
            // Where no pool had a port in use there is no range but zero.
            range: self
                .range
                .iter()
                .skip(first as usize)
                .map(|(low, high)| (low.min(*high), *high))
                .collect(),
            worst: Worst {
                pool: self.worst.pool,
                replication: self.worst.replication,
                used: among(&self.worst.used, of_worst, length, f64::NAN),
                refused: among(&self.worst.refused, of_worst, length, 0.0),
            },
            pools: pools
                .map(|pools| pools.into_iter().map(laid_out).collect())
                .collect(),
            refused: self
                .refused
                .iter()
                .map(|sums| {
                    among(
                        sums.get(first as usize..).unwrap_or_default(),
                        0,
                        length,
                        0.0,
                    )
                })
                .collect(),
        }
    }
}

/// `values` from place `from` on in a list of `length` in which all else is `rest`.
fn among<T: Copy>(values: &[T], from: usize, length: usize, rest: T) -> Vec<T> {
    let mut list = vec![rest; length];
    for (place, value) in list.iter_mut().skip(from).zip(values) {
        *place = *value;
    }
    list
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
    fn pools_that_come_and_go_keep_to_the_time_of_the_others() {
        let found = read_text(
            "LB,0,a-0,5,snatsim.usedPorts,,10\n\
             LB,0,a-0,7,snatsim.usedPorts,,12\n\
             LB,0,a-0,8,snatsim.usedPorts,,13\n\
             LB,0,a-1,7,snatsim.usedPorts,,90\n\
             LB,0,a-1,7,SnatConnectionCount,ConnectionState=Failed,2\n\
             LB,0,a-2,4,snatsim.usedPorts,,1\n",
        )
        .unwrap();
        let minutes = &found[0].1;
        assert_eq!((minutes.first, minutes.range.len()), (4, 5));
        assert_eq!(
            minutes.range,
            [
                (1.0, 1.0),
                (10.0, 10.0),
                (0.0, 0.0),
                (12.0, 90.0),
                (13.0, 13.0)
            ]
        );
        assert_eq!(minutes.worst.pool, "a-1");
        assert_eq!(minutes.worst.used[3], 90.0);
        assert_eq!(
            minutes
                .worst
                .used
                .iter()
                .filter(|used| used.is_nan())
                .count(),
            4
        );
        assert_eq!(minutes.refused, [vec![0.0, 0.0, 0.0, 2.0, 0.0]]);
        let there = |pool: usize| -> Vec<bool> {
            minutes.pools[0][pool]
                .used
                .iter()
                .map(|used| !used.is_nan())
                .collect()
        };
        assert_eq!(there(0), [false, true, false, true, true]);
        assert_eq!(there(1), [false, false, false, true, false]);
        assert_eq!(there(2), [true, false, false, false, false]);
    }

    #[test]
    fn a_row_that_is_none_is_an_error() {
        let error = read_text("LB,0,a-0,five,snatsim.usedPorts,,10\n").unwrap_err();
        assert!(error.to_string().ends_with("a number is none"), "{error}");
    }
}
