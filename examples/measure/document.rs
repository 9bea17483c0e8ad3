//! What was measured, as `docs/performance.json` keeps it, and the tables of `docs/performance.md` that say it.

use crate::figures::{Rounds, grouped, number};
use crate::parts::with_part;
use crate::workbench::{HELD, WORKBENCHES};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

const FIGURES: &str = "docs/performance.json";
const DOCUMENT: &str = "docs/performance.md";

/// Everything that was measured.
#[derive(Default, Serialize, Deserialize)]
pub struct Measured {
    /// One thread against the naive simulator, by scenario.
    pub speed: Vec<Row<Speed>>,
    /// The same load for ever longer.
    pub memory: Vec<Row<Memory>>,
    /// Two threads against one.
    pub threads: Vec<Row<Threads>>,
    /// The day of a thousand nodes.
    pub day: Vec<Row<Day>>,
    /// Where the time goes.
    pub profile: Vec<Row<Profile>>,
}

/// The figures of one row of a table.
#[derive(Serialize, Deserialize)]
pub struct Row<T> {
    /// What was run.
    pub name: String,
    /// On what it was run.
    pub on: String,
    /// What came of it.
    pub figures: T,
}

/// One scenario on one thread. Times are of the processor, in nanoseconds a connection; sizes are in bytes.
#[derive(Serialize, Deserialize)]
pub struct Speed {
    pub description: String,
    pub rounds: usize,
    /// Offered connections of the program's run.
    pub connections: f64,
    /// The share of them that failed, and that of the naive simulator.
    pub failed: f64,
    pub naive_failed: f64,
    pub naive_nanos: Rounds,
    pub nanos: Rounds,
    /// Time of the naive simulator over that of the program, in one round.
    pub times_naive: Rounds,
    /// Time with everything recorded over that with the default table, in one round.
    pub full_over_table: Rounds,
    pub peak: Rounds,
    pub naive_peak: Rounds,
}

/// A run of so many connections.
#[derive(Serialize, Deserialize)]
pub struct Memory {
    pub connections: f64,
    /// Most memory at a time, in bytes.
    pub peak: f64,
}

/// Time on the wall, in seconds.
#[derive(Serialize, Deserialize)]
pub struct Threads {
    pub cells: u32,
    pub rounds: usize,
    pub one: Rounds,
    /// Time of one thread over that of two, in one round.
    pub times: Rounds,
}

/// The day of a thousand nodes.
#[derive(Serialize, Deserialize)]
pub struct Day {
    /// Under each outbound type.
    pub connections: f64,
    pub outbounds: usize,
    /// Seconds on the wall.
    pub wall: f64,
    /// Nanoseconds of all processors for a connection under one outbound type.
    pub nanos: f64,
    /// Most memory at a time, in bytes.
    pub peak: f64,
}

/// Shares of the time in percent, largest first.
#[derive(Debug, Serialize, Deserialize)]
pub struct Profile {
    pub functions: Vec<(String, f64)>,
    pub files: Vec<(String, f64)>,
}

/// Puts `row` in the place of the one with its name, or at the end.
pub fn put<T>(rows: &mut Vec<Row<T>>, row: Row<T>) {
    match rows.iter_mut().find(|old| old.name == row.name) {
        Some(old) => *old = row,
        None => rows.push(row),
    }
}

impl Measured {
    /// What was measured before; nothing, if nothing was.
    pub fn read(root: &Path) -> Self {
        match std::fs::read_to_string(root.join(FIGURES)) {
            Ok(text) => serde_json::from_str(&text).expect("figures as this program writes them"),
            Err(_) => Measured::default(),
        }
    }

    /// Writes the figures and the tables.
    pub fn write(&self, root: &Path) {
        let mut figures = serde_json::to_string_pretty(self).expect("plain values");
        figures.push('\n');
        let text = std::fs::read_to_string(root.join(DOCUMENT)).expect("the document exists");
        for (path, content) in [(FIGURES, figures), (DOCUMENT, self.document(&text))] {
            std::fs::write(root.join(path), content).expect("the repository can be written to");
        }
    }

    /// The document `text` with its tables made anew.
    pub fn document(&self, text: &str) -> String {
        let parts = [
            ("bars", self.bars()),
            ("speed", self.speed()),
            ("others", self.others()),
            ("held", self.held()),
            ("memory", self.memory()),
            ("threads", self.threads()),
            ("day", self.day()),
            ("profile", self.profile()),
        ];
        parts.iter().fold(text.to_owned(), |text, (part, table)| {
            with_part(&text, part, "measure", table)
        })
    }

    fn speed_of(&self, name: &str) -> Option<&Speed> {
        let row = self.speed.iter().find(|row| row.name == name)?;
        Some(&row.figures)
    }

    fn bars(&self) -> String {
        let mut bars = Bars::default();
        for bench in &WORKBENCHES {
            let Some(speed) = self.speed_of(bench.name) else {
                continue;
            };
            bars.at_least(
                &format!("{}, times the naive simulator", bench.name),
                bench.least,
                &speed.times_naive,
            );
        }
        for bench in &WORKBENCHES[..3] {
            let Some(speed) = self.speed_of(bench.name) else {
                continue;
            };
            let what = format!("{}, everything recorded over the default table", bench.name);
            bars.at_most(&what, 1.5, &speed.full_over_table);
        }
        if let [Some(few), Some(_), Some(many)] = HELD.map(|name| self.speed_of(name)) {
            let times = many.nanos.median / few.nanos.median;
            let what = "a connection at 10 million ports held over one at 1,000";
            bars.at_most(what, 3.0, &Rounds::of([times]));
            let bytes = Rounds::of([many.peak.median / MOST_HELD]);
            bars.at_most(
                "bytes of memory for each of 10 million ports held",
                40.0,
                &bytes,
            );
        }
        if let [first, .., last] = &self.memory[..] {
            let times = Rounds::of([last.figures.peak / first.figures.peak]);
            bars.at_most(
                "memory of sixteen times the connections over that of one",
                1.1,
                &times,
            );
        }
        for row in &self.threads {
            let what = format!("two threads over one, {}", row.name);
            bars.at_least(&what, 1.6, &row.figures.times);
        }
        if let [row] = &self.day[..] {
            let wall = Rounds::of([row.figures.wall]);
            bars.at_most(
                "seconds for the day of 1,000 nodes on all cores",
                180.0,
                &wall,
            );
        }
        bars.0
    }

    fn speed(&self) -> String {
        let mut text = "| scenario | what it is | connections | failed | naive, ns | snatsim, ns | times naive | everything recorded over the table | memory, MB |\n|---|---|---:|---:|---:|---:|---:|---:|---:|\n".to_owned();
        let names = WORKBENCHES.iter().map(|bench| bench.name);
        for name in names {
            let Some(speed) = self.speed_of(name) else {
                continue;
            };
            line(
                &mut text,
                &[
                    name.to_owned(),
                    speed.description.clone(),
                    grouped(speed.connections),
                    format!(
                        "{} (naive {})",
                        percent(speed.failed),
                        percent(speed.naive_failed)
                    ),
                    speed.naive_nanos.text(),
                    speed.nanos.text(),
                    format!("**{}**", speed.times_naive.text()),
                    speed.full_over_table.text(),
                    number(speed.peak.median / 1e6),
                ],
            );
        }
        text + &on(&self.speed)
    }

    /// The speed of other simulators, against the same naive one.
    fn others(&self) -> String {
        let mut text = "| simulator | LB-1 | LB-2 | NAT-1 |\n|---|---:|---:|---:|\n".to_owned();
        let ours = WORKBENCHES[..3].iter().map(|bench| {
            let speed = self.speed_of(bench.name);
            speed.map_or(String::new(), |speed| {
                format!("**{}**", number(speed.times_naive.median))
            })
        });
        let ours: Vec<String> = [String::from("snatsim, through its program")]
            .into_iter()
            .chain(ours)
            .collect();
        line(&mut text, &ours);
        for (name, speeds) in OTHERS {
            let speeds = speeds.map(|speed| speed.map_or("not run".to_owned(), number));
            let cells: Vec<String> = [name.to_owned()].into_iter().chain(speeds).collect();
            line(&mut text, &cells);
        }
        text
    }

    fn held(&self) -> String {
        let mut text = "| ports held | naive, ns | snatsim, ns | times naive | naive, bytes a port | snatsim, bytes a port |\n|---:|---:|---:|---:|---:|---:|\n".to_owned();
        for (name, ports) in HELD.into_iter().zip([1e3, 1e5, MOST_HELD]) {
            let Some(speed) = self.speed_of(name) else {
                continue;
            };
            let bytes = |peak: &Rounds| match ports >= MOST_HELD {
                true => number(peak.median / ports),
                false => String::new(),
            };
            line(
                &mut text,
                &[
                    grouped(ports),
                    speed.naive_nanos.text(),
                    speed.nanos.text(),
                    format!("**{}**", speed.times_naive.text()),
                    bytes(&speed.naive_peak),
                    bytes(&speed.peak),
                ],
            );
        }
        text
    }

    fn memory(&self) -> String {
        let mut text = "| run | connections | memory, MB |\n|---|---:|---:|\n".to_owned();
        for row in &self.memory {
            let memory = &row.figures;
            let cells = [
                row.name.clone(),
                grouped(memory.connections),
                number(memory.peak / 1e6),
            ];
            line(&mut text, &cells);
        }
        text + &on(&self.memory)
    }

    fn threads(&self) -> String {
        let mut text =
            "| run | cells | one thread, s | two threads over one |\n|---|---:|---:|---:|\n"
                .to_owned();
        for row in &self.threads {
            let threads = &row.figures;
            let cells = [
                row.name.clone(),
                grouped(f64::from(threads.cells)),
                threads.one.text(),
                format!("**{}**", threads.times.text()),
            ];
            line(&mut text, &cells);
        }
        text + &on(&self.threads)
    }

    fn day(&self) -> String {
        let mut text = "| run | connections | wall, s | ns of all cores a connection and type | memory, MB |\n|---|---:|---:|---:|---:|\n".to_owned();
        for row in &self.day {
            let day = &row.figures;
            let cells = [
                row.name.clone(),
                format!("{} × {}", day.outbounds, grouped(day.connections)),
                format!("**{}**", number(day.wall)),
                number(day.nanos),
                number(day.peak / 1e6),
            ];
            line(&mut text, &cells);
        }
        text + &on(&self.day)
    }

    fn profile(&self) -> String {
        let mut text = String::new();
        for row in &self.profile {
            let nanos = self.speed_of(&row.name).map(|speed| speed.nanos.median);
            let share = |percent: f64| match nanos {
                Some(nanos) => format!("{percent:.0} % | {}", number(nanos * percent / 100.0)),
                None => format!("{percent:.0} % | "),
            };
            writeln!(text, "{}:\n", row.name).expect("a String takes all");
            text.push_str("| function, as compiled | time | ns |\n|---|---:|---:|\n");
            for (function, percent) in &row.figures.functions {
                writeln!(text, "| `{function}` | {} |", share(*percent))
                    .expect("a String takes all");
            }
            text.push_str("\n| written in | time | ns |\n|---|---:|---:|\n");
            for (file, percent) in &row.figures.files {
                writeln!(text, "| {file} | {} |", share(*percent)).expect("a String takes all");
            }
            text.push('\n');
        }
        text + on(&self.profile).trim_start()
    }
}

const MOST_HELD: f64 = 1e7;

/// Speed over that of the naive simulator run just before, event loop only, medians of 5 rounds (1 for those in
/// Python), on the same kind of machine; none where it was not run.
const OTHERS: [(&str, [Option<f64>; 3]); 10] = [
    ("Cimba 0.9.6 (C)", [Some(0.773), Some(0.622), Some(0.509)]),
    (
        "simrs 0.2.0 (Rust)",
        [Some(0.653), Some(0.595), Some(0.399)],
    ),
    (
        "ns-3 3.37, priority queue (C++)",
        [Some(0.401), Some(0.344), Some(0.348)],
    ),
    (
        "ns-3 3.37, default scheduler (C++)",
        [Some(0.336), Some(0.290), Some(0.254)],
    ),
    (
        "nexosim 1.0.0, one thread (Rust)",
        [Some(0.274), Some(0.254), Some(0.233)],
    ),
    (
        "bach 0.2.0 (Rust)",
        [Some(0.0998), Some(0.0591), Some(0.0796)],
    ),
    (
        "SimPy 4.1.2, bare callbacks (Python)",
        [Some(0.0532), Some(0.0428), Some(0.0449)],
    ),
    (
        "SimPy 4.1.2, processes with a Resource (Python)",
        [Some(0.0320), Some(0.0083), Some(0.0037)],
    ),
    (
        "salabim 26.0.9 (Python)",
        [Some(0.00366), Some(0.000665), Some(0.000901)],
    ),
    ("Ciw 3.2.7 (Python)", [Some(0.000275), Some(0.000254), None]),
];

/// The table of what is asked and what is so.
struct Bars(String);

impl Default for Bars {
    fn default() -> Self {
        Bars("| asked | bar | measured | met |\n|---|---:|---:|---|\n".to_owned())
    }
}

impl Bars {
    fn at_least(&mut self, what: &str, bar: f64, measured: &Rounds) {
        self.line(
            what,
            format!("at least {}", short(bar)),
            measured,
            measured.median >= bar,
        );
    }

    fn at_most(&mut self, what: &str, bar: f64, measured: &Rounds) {
        self.line(
            what,
            format!("at most {}", short(bar)),
            measured,
            measured.median <= bar,
        );
    }

    fn line(&mut self, what: &str, bar: String, measured: &Rounds, met: bool) {
        let met = if met { "yes" } else { "**no**" };
        line(
            &mut self.0,
            &[what.to_owned(), bar, measured.text(), met.to_owned()],
        );
    }
}

/// A bar as it was set: `9`, `1.5`.
fn short(bar: f64) -> String {
    format!("{bar}")
}

fn percent(share: f64) -> String {
    format!("{} %", number(100.0 * share))
}

fn line(text: &mut String, cells: &[String]) {
    writeln!(text, "| {} |", cells.join(" | ")).expect("a String takes all");
}

/// On what the rows were measured, each place once.
fn on<T>(rows: &[Row<T>]) -> String {
    let places: BTreeSet<&str> = rows.iter().map(|row| &row.on[..]).collect();
    match places.is_empty() {
        true => String::new(),
        false => {
            let places: Vec<&str> = places.into_iter().collect();
            format!("\nMeasured on {}.\n", places.join("; "))
        }
    }
}
