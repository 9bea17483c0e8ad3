//! From the words of the axes to the points: every value, every name, and which point has which.

use super::spec::{AxisSpec, LogRangeSpec, RangeSpec};
use super::table;
use crate::fault::{Code, Fault, Faults, step};
use crate::results::words::counted;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use std::collections::HashSet;

/// Most points of a sweep; their directories are numbered with six digits.
pub const MOST_POINTS: u64 = 1_000_000;

/// One thing that varies, with a value for every position of its axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Its column.
    pub name: String,
    /// Places in the scenario; once a sweep is loaded with elements of lists counted.
    pub pointers: Vec<String>,
    /// The values.
    pub values: Vec<Value>,
    /// What the table calls them.
    pub labels: Vec<String>,
    /// Where the sweep says the pointers.
    #[serde(skip)]
    pub pointer_places: Vec<String>,
    /// Where the sweep says the values.
    #[serde(skip)]
    pub values_place: String,
}

/// An axis: dimensions of equal length that advance together, one where nothing is paired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis(pub Vec<Dimension>);

impl Axis {
    /// Positions, at least 1.
    pub fn len(&self) -> usize {
        self.0[0].values.len()
    }
}

/// The axes of a sweep; the last one is the fastest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid(pub Vec<Axis>);

impl Grid {
    /// Points: the product of the axes.
    pub fn points(&self) -> u64 {
        self.0.iter().map(|axis| axis.len() as u64).product()
    }

    /// Every dimension with its position at `point`.
    pub fn at(&self, point: u64) -> Vec<(&Dimension, usize)> {
        let mut rest = point;
        let mut positions = vec![0; self.0.len()];
        for (position, axis) in positions.iter_mut().zip(&self.0).rev() {
            let len = axis.len() as u64;
            *position = (rest % len) as usize;
            rest /= len;
        }
        let axes = self.0.iter().zip(positions);
        axes.flat_map(|(axis, position)| axis.0.iter().map(move |dimension| (dimension, position)))
            .collect()
    }

    /// Every dimension, in the order of the columns.
    pub fn dimensions(&self) -> impl Iterator<Item = &Dimension> {
        self.0.iter().flat_map(|axis| &axis.0)
    }
}

/// Reads the axes and holds them against their rules. Pointers are still as they stand in the file.
///
/// # Errors
/// Every rule that is broken.
pub fn read(specs: &[AxisSpec]) -> Result<Grid, Faults> {
    let mut faults = Faults::new();
    if specs.is_empty() {
        faults.push(empty(
            "/axes",
            "The sweep has no axis.",
            "at least one axis",
        ));
    }
    let mut axes = Vec::new();
    for (i, spec) in specs.iter().enumerate() {
        let place = step("/axes", i);
        let dimensions = match &spec.paired {
            None => dimension(spec, &place, &mut faults).into_iter().collect(),
            Some(paired) => pairs(spec, paired, &place, &mut faults),
        };
        axes.push(Axis(dimensions));
    }
    let grid = Grid(axes);
    names(&grid, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let lengths = grid.0.iter().map(|axis| axis.len() as u64);
    let points = lengths
        .clone()
        .try_fold(1u64, |product, len| product.checked_mul(len));
    if points.is_none_or(|points| points > MOST_POINTS) {
        let lengths: Vec<String> = lengths.map(|len| len.to_string()).collect();
        return Err(vec![Fault {
            code: Code::E0506,
            pointer: "/axes".to_owned(),
            found: format!("The axes make {} points.", lengths.join(" × ")),
            allowed: "at most 1,000,000 points".to_owned(),
            remedy: "Take fewer values, pair axes that belong together, or make two sweeps of it."
                .to_owned(),
        }]);
    }
    Ok(grid)
}

fn empty(pointer: &str, found: &str, allowed: &str) -> Fault {
    Fault {
        code: Code::E0502,
        pointer: pointer.to_owned(),
        found: found.to_owned(),
        allowed: allowed.to_owned(),
        remedy: "For example { \"name\": \"nodes\", \"pointer\": \"/cluster/nodePools/0/count\", \"values\": [50, 51] }."
            .to_owned(),
    }
}

/// The dimensions of paired axes; their lengths are equal.
fn pairs(spec: &AxisSpec, paired: &[AxisSpec], place: &str, faults: &mut Faults) -> Vec<Dimension> {
    let alone = AxisSpec {
        paired: spec.paired.clone(),
        ..AxisSpec::default()
    };
    if *spec != alone {
        faults.push(Fault {
            code: Code::E0503,
            pointer: place.to_owned(),
            found: "Something else stands beside \"paired\".".to_owned(),
            allowed: "{ \"paired\": [ … ] } alone, the names and values in its members".to_owned(),
            remedy: "Move it into a member, or to an axis of its own.".to_owned(),
        });
    }
    let place = step(place, "paired");
    if paired.len() < 2 {
        faults.push(Fault {
            code: Code::E0503,
            pointer: place.clone(),
            found: format!("Paired axes need company; there are {}.", paired.len()),
            allowed: "at least 2 axes".to_owned(),
            remedy: "Write an axis that advances alone without \"paired\".".to_owned(),
        });
    }
    let mut dimensions = Vec::new();
    for (i, member) in paired.iter().enumerate() {
        let place = step(&place, i);
        if member.paired.is_some() {
            faults.push(Fault {
                code: Code::E0503,
                pointer: place,
                found: "Paired axes inside paired axes.".to_owned(),
                allowed: "one level".to_owned(),
                remedy: "Put all that advance together into one list.".to_owned(),
            });
        } else {
            dimensions.extend(dimension(member, &place, faults));
        }
    }
    let counts: Vec<String> = dimensions
        .iter()
        .map(|dimension| format!("{} {}", dimension.name, dimension.values.len()))
        .collect();
    let lengths: HashSet<usize> = dimensions.iter().map(|one| one.values.len()).collect();
    if lengths.len() > 1 {
        faults.push(Fault {
            code: Code::E0503,
            pointer: place,
            found: format!(
                "Paired axes advance together, but they have different numbers of values: {}.",
                counts.join(", ")
            ),
            allowed: "the same number of values in each".to_owned(),
            remedy: "Add or remove values, or give the axes separately for all combinations."
                .to_owned(),
        });
    }
    dimensions
}

/// One axis that is not paired.
fn dimension(spec: &AxisSpec, place: &str, faults: &mut Faults) -> Option<Dimension> {
    let before = faults.len();
    let name = spec.name.clone().unwrap_or_default();
    if name.trim().is_empty() {
        faults.push(Fault {
            code: Code::E0504,
            pointer: place.to_owned(),
            found: "An axis without a name.".to_owned(),
            allowed: "a name that is not empty".to_owned(),
            remedy: "Give it a \"name\": it becomes the column of the table.".to_owned(),
        });
    }
    let (pointers, pointer_places) = pointers(spec, place, faults).into_iter().unzip();
    let (values, values_place) = values(spec, place, faults);
    let labels = labels(spec, &values, place, faults);
    (faults.len() == before).then(|| Dimension {
        name,
        pointers,
        labels,
        values,
        pointer_places,
        values_place,
    })
}

/// The pointers, each with where it stands.
fn pointers(spec: &AxisSpec, place: &str, faults: &mut Faults) -> Vec<(String, String)> {
    match (&spec.pointer, &spec.pointers) {
        (Some(pointer), None) => vec![(pointer.clone(), step(place, "pointer"))],
        (None, Some(pointers)) if !pointers.is_empty() => pointers
            .iter()
            .enumerate()
            .map(|(i, pointer)| (pointer.clone(), step(&step(place, "pointers"), i)))
            .collect(),
        (pointer, _) => {
            let found = match pointer {
                Some(_) => "There are both \"pointer\" and \"pointers\".",
                None => "The axis does not say what it sets.",
            };
            faults.push(Fault {
                code: Code::E0501,
                pointer: place.to_owned(),
                found: found.to_owned(),
                allowed: "\"pointer\", or \"pointers\" for several places of the same value"
                    .to_owned(),
                remedy: "For example \"pointer\": \"/cluster/nodePools/0/count\".".to_owned(),
            });
            Vec::new()
        }
    }
}

/// The values, and where they stand.
fn values(spec: &AxisSpec, place: &str, faults: &mut Faults) -> (Vec<Value>, String) {
    let at = |word: &str| step(place, word);
    let (values, place) = match (&spec.values, &spec.range, &spec.log_range) {
        (Some(values), None, None) => (Ok(values.clone()), at("values")),
        (None, Some(range), None) => (evenly(range), at("range")),
        (None, None, Some(range)) => (in_ratios(range), at("logRange")),
        (None, None, None) => (Err("The axis has no values.".to_owned()), place.to_owned()),
        _ => (
            Err("The axis says its values in two ways.".to_owned()),
            place.to_owned(),
        ),
    };
    match values {
        Ok(values) if !values.is_empty() => (values, place),
        values => {
            let found = values
                .err()
                .unwrap_or_else(|| "The list of values is empty.".to_owned());
            faults.push(empty(
                &place,
                &found,
                "one of \"values\", \"range\" (step not 0, toward \"to\") and \"logRange\" (numbers above 0, count \
                 from 2 on), with 1 to 1,000,000 values",
            ));
            (Vec::new(), place)
        }
    }
}

/// Most decimals of the numbers of a range.
const DECIMALS: usize = 12;

/// `from`, `from + step`, … in decimal arithmetic, so that 0.1 + 0.2 is 0.3.
fn evenly(range: &RangeSpec) -> Result<Vec<Value>, String> {
    let text = |number: &Number| match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    };
    let texts = [&range.from, &range.to, &range.step].map(text);
    let decimals = |text: &String| text.split_once('.').map_or(0, |(_, after)| after.len());
    let digits = texts.iter().map(decimals).max().unwrap_or(0);
    let scaled = |text: &String| -> Option<i128> {
        let missing = digits - decimals(text);
        let whole = text.replace('.', "") + &"0".repeat(missing);
        whole.parse().ok().filter(|n: &i128| n.abs() < 1 << 100)
    };
    let [Some(from), Some(to), Some(step)] = [0, 1, 2].map(|i| scaled(&texts[i])) else {
        return Err("The numbers of the range are too large.".to_owned());
    };
    if digits > DECIMALS {
        return Err(format!("The range has more than {DECIMALS} decimals."));
    }
    if step == 0 || (to - from) * step.signum() < 0 {
        return Err(format!(
            "From {} in steps of {} never comes to {}.",
            texts[0], texts[2], texts[1]
        ));
    }
    let steps = (to - from) / step;
    if steps >= i128::from(MOST_POINTS) {
        return Err(format!("The range has {} values.", steps + 1));
    }
    Ok((0..=steps)
        .map(|i| decimal(from + i * step, digits))
        .collect())
}

/// `scaled` / 10^`digits` as JSON; whole numbers without a fraction.
fn decimal(scaled: i128, digits: usize) -> Value {
    let unit = 10i128.pow(digits as u32);
    let text = match scaled % unit {
        0 => (scaled / unit).to_string(),
        part => format!(
            "{}{}.{:0digits$}",
            if scaled < 0 { "-" } else { "" },
            (scaled / unit).abs(),
            part.abs()
        ),
    };
    serde_json::from_str(&text).expect("decimal text is a number")
}

fn in_ratios(range: &LogRangeSpec) -> Result<Vec<Value>, String> {
    let LogRangeSpec {
        from, to, count, ..
    } = *range;
    let fits = |bound: f64| bound > 0.0 && bound.is_finite();
    if !fits(from) || !fits(to) {
        return Err(format!("From {from} to {to} there are no equal ratios."));
    }
    if !(2..=MOST_POINTS as u32).contains(&count) {
        return Err(format!("The count is {count}."));
    }
    let whole = range.integers.unwrap_or(false);
    let mut values: Vec<Value> = Vec::new();
    for i in 0..count {
        // The platform's logarithm and power may differ in the last bit; these do not.
        let part = f64::from(i) / f64::from(count - 1);
        let number = match i {
            0 => from,
            _ if i == count - 1 => to,
            _ => significant(from * libm::pow(to / from, part)),
        };
        let number = if whole { number.round() } else { number };
        let value = whole_or_float(number);
        if values.last() != Some(&value) {
            values.push(value);
        }
    }
    Ok(values)
}

/// Rounded to four significant digits.
fn significant(number: f64) -> f64 {
    format!("{number:.3e}")
        .parse()
        .expect("it was just printed")
}

/// A whole number without a fraction, so that it fits where nodes are counted.
fn whole_or_float(number: f64) -> Value {
    const EXACT: f64 = 9e15;
    if number.fract() == 0.0 && number.abs() < EXACT {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

/// What the table calls the values.
fn labels(spec: &AxisSpec, values: &[Value], place: &str, faults: &mut Faults) -> Vec<String> {
    let own = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let place = step(
        place,
        if spec.labels.is_some() {
            "labels"
        } else {
            "values"
        },
    );
    let fault = |found: String, allowed: String| Fault {
        code: Code::E0505,
        pointer: place.clone(),
        found,
        allowed,
        remedy: "Give a short text for every value, in the order of the values.".to_owned(),
    };
    let Some(labels) = &spec.labels else {
        if let Some(i) = values.iter().position(|v| v.is_object() || v.is_array()) {
            faults.push(fault(
                format!("Value {i} is an object or a list, which fits into no cell of a table."),
                "\"labels\" beside \"values\", one for each".to_owned(),
            ));
        }
        return values.iter().map(own).collect();
    };
    if labels.len() != values.len() {
        faults.push(fault(
            format!(
                "{} for {}.",
                counted(labels.len() as u64, "label"),
                counted(values.len() as u64, "value")
            ),
            "one label for each value".to_owned(),
        ));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = labels.iter().find(|label| !seen.insert(label.as_str())) {
        faults.push(fault(
            format!("\"{twice}\" stands for two values."),
            "labels that differ".to_owned(),
        ));
    }
    labels.clone()
}

/// Names are columns: each once, and none that the table has anyway.
fn names(grid: &Grid, faults: &mut Faults) {
    let mut seen = HashSet::new();
    for dimension in grid.dimensions() {
        let fixed = table::is_fixed(&dimension.name);
        if fixed || !seen.insert(dimension.name.as_str()) {
            let place = &dimension.values_place;
            let place = place.rsplit_once('/').map_or("", |(axis, _)| axis);
            faults.push(Fault {
                code: Code::E0504,
                pointer: step(place, "name"),
                found: match fixed {
                    true => format!("The table has a column \"{}\" anyway.", dimension.name),
                    false => format!(
                        "\"{}\" is the name of another axis already.",
                        dimension.name
                    ),
                },
                allowed: "a name that no other column has".to_owned(),
                remedy: "Rename the axis.".to_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn axes(value: Value) -> Result<Grid, Faults> {
        read(&serde_json::from_value::<Vec<AxisSpec>>(value).unwrap())
    }

    fn of(mut axis: Value) -> Vec<Value> {
        axis["name"] = json!("x");
        axis["pointer"] = json!("/x");
        axes(json!([axis])).unwrap().0[0].0[0].values.clone()
    }

    #[test]
    fn ranges_are_exact_decimals_and_end_at_or_before_their_end() {
        for (range, values) in [
            (json!({"from": 4, "to": 10, "step": 3}), json!([4, 7, 10])),
            (json!({"from": 4, "to": 9, "step": 3}), json!([4, 7])),
            (
                json!({"from": 0.1, "to": 0.4, "step": 0.1}),
                json!([0.1, 0.2, 0.3, 0.4]),
            ),
            (
                json!({"from": 0.5, "to": 2, "step": 0.5}),
                json!([0.5, 1, 1.5, 2]),
            ),
            (
                json!({"from": 1, "to": -1, "step": -0.5}),
                json!([1, 0.5, 0, -0.5, -1]),
            ),
            (
                json!({"from": 1e-7, "to": 2e-7, "step": 1e-7}),
                json!([1e-7, 2e-7]),
            ),
            (json!({"from": 7, "to": 7, "step": 1}), json!([7])),
        ] {
            assert_eq!(json!(of(json!({ "range": range }))), values);
        }
    }

    #[test]
    fn log_ranges_have_equal_ratios_exact_ends_and_four_digits() {
        for (range, values) in [
            (
                json!({"from": 1, "to": 1000, "count": 4}),
                json!([1, 10, 100, 1000]),
            ),
            (
                json!({"from": 1, "to": 10, "count": 3}),
                json!([1, 3.162, 10]),
            ),
            (json!({"from": 8, "to": 1, "count": 4}), json!([8, 4, 2, 1])),
            (
                json!({"from": 1, "to": 4, "count": 9, "integers": true}),
                json!([1, 2, 3, 4]),
            ),
        ] {
            assert_eq!(json!(of(json!({ "logRange": range }))), values);
        }
    }

    #[test]
    fn ranges_that_never_end_are_refused() {
        for axis in [
            json!({"range": {"from": 1, "to": 2, "step": 0}}),
            json!({"range": {"from": 2, "to": 1, "step": 1}}),
            json!({"range": {"from": 0, "to": 1, "step": 1e-9}}),
            json!({"range": {"from": 0, "to": 1, "step": 1e-300}}),
            json!({"range": {"from": -1e300, "to": 1e300, "step": 1}}),
            json!({"logRange": {"from": 0, "to": 1, "count": 5}}),
            json!({"logRange": {"from": 1, "to": 2, "count": 1}}),
            json!({"values": []}),
            json!({}),
            json!({"values": [1], "range": {"from": 1, "to": 2, "step": 1}}),
        ] {
            let mut whole = axis.clone();
            whole["name"] = json!("x");
            whole["pointer"] = json!("/x");
            let faults = axes(json!([whole])).unwrap_err();
            assert_eq!(faults[0].code, Code::E0502, "{axis}");
        }
    }

    #[test]
    fn the_last_axis_is_the_fastest_and_pairs_advance_together() {
        let grid = axes(json!([
            { "name": "a", "pointer": "/a", "values": [1, 2] },
            { "paired": [
                { "name": "b", "pointer": "/b", "values": ["x", "y", "z"] },
                { "name": "c", "pointers": ["/c", "/d"], "values": [[1], [2], [3]], "labels": ["i", "ii", "iii"] }
            ] }
        ]))
        .unwrap();
        assert_eq!(grid.points(), 6);
        let rows: Vec<String> = (0..6)
            .map(|point| {
                let at = grid.at(point);
                let labels = at.iter().map(|(dimension, i)| dimension.labels[*i].clone());
                labels.collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(
            rows,
            ["1 x i", "1 y ii", "1 z iii", "2 x i", "2 y ii", "2 z iii"]
        );
    }

    proptest! {
        #[test]
        fn every_combination_is_one_point_in_the_order_of_counting(
            lengths in prop::collection::vec(1usize..5, 1..5)
        ) {
            let specs: Vec<Value> = lengths
                .iter()
                .enumerate()
                .map(|(i, n)| json!({
                    "name": format!("axis {i}"), "pointer": format!("/{i}"),
                    "values": (0..*n).collect::<Vec<_>>()
                }))
                .collect();
            let grid = axes(json!(specs)).unwrap();
            let mut expected = vec![vec![]];
            for n in &lengths {
                expected = expected
                    .into_iter()
                    .flat_map(|head: Vec<usize>| (0..*n).map(move |i| [&head[..], &[i]].concat()))
                    .collect();
            }
            prop_assert_eq!(grid.points() as usize, expected.len());
            for (point, positions) in expected.iter().enumerate() {
                let at: Vec<usize> = grid.at(point as u64).iter().map(|(_, i)| *i).collect();
                prop_assert_eq!(&at, positions);
            }
        }
    }
}
