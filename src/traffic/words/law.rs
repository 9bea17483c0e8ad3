//! The words for laws of lifetimes and think times.

use crate::fault::{Code, Fault, Faults, step};
use crate::traffic::{Law, LawError};
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

/// A law of a lifetime or think time; one key names it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum LawSpec {
    /// Always the same duration.
    Constant(SimTime),
    /// Exponential.
    Exponential {
        /// Mean, above 0.
        mean: SimTime,
    },
    /// Lognormal: median and p99, median and sigma, or mean and sigma.
    Lognormal {
        /// Median, above 0.
        median: Option<SimTime>,
        /// Mean, above 0.
        mean: Option<SimTime>,
        /// 99th percentile, at least the median.
        p99: Option<SimTime>,
        /// Standard deviation of the logarithm, at least 0.
        sigma: Option<f64>,
    },
    /// Uniform between two bounds.
    Uniform {
        /// Lower bound.
        min: SimTime,
        /// Upper bound, at least `min`.
        max: SimTime,
    },
    /// Pareto.
    Pareto {
        /// Smallest value, above 0.
        scale: SimTime,
        /// Tail index, above 0; at 1 or less there is no mean.
        shape: f64,
        /// Truncation (the law is conditioned to stay below), above `scale`; none when left out.
        max: Option<SimTime>,
    },
    /// Weibull.
    Weibull {
        /// Scale, above 0.
        scale: SimTime,
        /// Shape, above 0.
        shape: f64,
    },
    /// One of the observed values, each as likely.
    Empirical {
        /// A file with one value a line: a duration with a unit, or a number of seconds.
        file: Option<String>,
        /// The values.
        values: Option<Vec<SimTime>>,
    },
}

impl LawSpec {
    /// The file it needs, if any.
    pub fn file(&self) -> Option<&str> {
        match self {
            LawSpec::Empirical { file, .. } => file.as_deref(),
            _ => None,
        }
    }

    /// The law, or a fault that says what is allowed. `observed` are the values of [`LawSpec::file`].
    pub fn resolve(
        &self,
        observed: Option<Vec<SimTime>>,
        pointer: &str,
        faults: &mut Faults,
    ) -> Option<Law> {
        let pointer = step(pointer, self.word());
        match self.law(observed) {
            Ok(law) => Some(law),
            Err(LawError(allowed)) => {
                faults.push(Fault {
                    code: Code::E0211,
                    found: self.found(),
                    allowed,
                    remedy: self.remedy(),
                    pointer,
                });
                None
            }
        }
    }

    fn law(&self, observed: Option<Vec<SimTime>>) -> Result<Law, LawError> {
        let seconds = SimTime::as_secs_f64;
        match self {
            LawSpec::Constant(value) => Ok(Law::Constant(*value)),
            LawSpec::Exponential { mean } => Law::exponential(seconds(*mean)),
            LawSpec::Lognormal {
                median,
                mean,
                p99,
                sigma,
            } => match (median, mean, p99, sigma) {
                (Some(median), None, Some(p99), None) => {
                    Law::lognormal_median_p99(seconds(*median), seconds(*p99))
                }
                (Some(median), None, None, Some(sigma)) => {
                    Law::lognormal_median_sigma(seconds(*median), *sigma)
                }
                (None, Some(mean), None, Some(sigma)) => {
                    Law::lognormal_mean_sigma(seconds(*mean), *sigma)
                }
                _ => Err(LawError(
                    "median and p99, or median and sigma, or mean and sigma".to_owned(),
                )),
            },
            LawSpec::Uniform { min, max } => Law::uniform(seconds(*min), seconds(*max)),
            LawSpec::Pareto { scale, shape, max } => {
                Law::pareto(seconds(*scale), *shape, max.map_or(f64::INFINITY, seconds))
            }
            LawSpec::Weibull { scale, shape } => Law::weibull(seconds(*scale), *shape),
            LawSpec::Empirical { file, values } => match (file, values) {
                (Some(_), None) => Law::empirical(observed.unwrap_or_default()),
                (None, Some(values)) => Law::empirical(values.clone()),
                _ => Err(LawError("either file or values".to_owned())),
            },
        }
    }

    fn word(&self) -> &'static str {
        match self {
            LawSpec::Constant(_) => "constant",
            LawSpec::Exponential { .. } => "exponential",
            LawSpec::Lognormal { .. } => "lognormal",
            LawSpec::Uniform { .. } => "uniform",
            LawSpec::Pareto { .. } => "pareto",
            LawSpec::Weibull { .. } => "weibull",
            LawSpec::Empirical { .. } => "empirical",
        }
    }

    /// The parameters that were given, in words.
    fn found(&self) -> String {
        let mut given = Vec::new();
        let mut say = |name: &str, value: Option<String>| {
            given.extend(value.map(|value| format!("{name} {value}")));
        };
        let text = |value: &SimTime| Some(value.to_string());
        match self {
            LawSpec::Constant(value) => say("constant", text(value)),
            LawSpec::Exponential { mean } => say("mean", text(mean)),
            LawSpec::Lognormal {
                median,
                mean,
                p99,
                sigma,
            } => {
                say("median", median.as_ref().and_then(text));
                say("mean", mean.as_ref().and_then(text));
                say("p99", p99.as_ref().and_then(text));
                say("sigma", sigma.map(|sigma| sigma.to_string()));
            }
            LawSpec::Uniform { min, max } => {
                say("min", text(min));
                say("max", text(max));
            }
            LawSpec::Pareto { scale, shape, max } => {
                say("scale", text(scale));
                say("shape", Some(shape.to_string()));
                say("max", max.as_ref().and_then(text));
            }
            LawSpec::Weibull { scale, shape } => {
                say("scale", text(scale));
                say("shape", Some(shape.to_string()));
            }
            LawSpec::Empirical { file, values } => {
                say("file", file.clone());
                say(
                    "values,",
                    values.as_ref().map(|v| format!("{} of them", v.len())),
                );
            }
        }
        match given.is_empty() {
            true => format!("{} without parameters.", self.word()),
            false => format!("{} with {}.", self.word(), given.join(", ")),
        }
    }

    fn remedy(&self) -> String {
        match self {
            LawSpec::Lognormal { .. } => "For example { \"median\": \"400ms\", \"p99\": \"8s\" }.",
            LawSpec::Uniform { .. } => {
                "Swap the two bounds, or use \"constant\" where nothing varies."
            }
            LawSpec::Pareto { .. } => {
                "For example { \"scale\": \"100ms\", \"shape\": 1.5, \"max\": \"1h\" }."
            }
            LawSpec::Weibull { .. } => "For example { \"scale\": \"1s\", \"shape\": 0.7 }.",
            LawSpec::Empirical { .. } => {
                "For example { \"values\": [\"200ms\", \"1s\", \"30s\"] }."
            }
            LawSpec::Constant(_) | LawSpec::Exponential { .. } => {
                "Use { \"constant\": \"0s\" } for no time at all."
            }
        }
        .to_owned()
    }
}
