//! Shares, ends and laws as the words say them.

use super::*;
use crate::traffic::Law;
use proptest::prelude::*;

fn placement(json: &str, nodes: usize) -> Result<Vec<f64>, Faults> {
    let words: PlacementSpec = serde_json::from_str(json).unwrap();
    let mut faults = Faults::new();
    words.resolve(nodes, "/p", &mut faults).ok_or(faults)
}

fn law(json: &str) -> Result<Law, Faults> {
    let words: LawSpec = serde_json::from_str(json).unwrap();
    let mut faults = Faults::new();
    words.resolve(None, "/l", &mut faults).ok_or(faults)
}

fn replicas(count: u32, noisy: Option<f64>, nodes: usize) -> Result<Vec<f64>, Faults> {
    let mut faults = Faults::new();
    let shares = Replicas { count, noisy }.resolve(nodes, "/w", &mut faults);
    shares.ok_or(faults)
}

#[test]
fn replicas_are_dealt_evenly_in_the_order_of_nodes() {
    assert_eq!(
        replicas(3, None, 3).unwrap(),
        placement("\"even\"", 3).unwrap()
    );
    assert_eq!(replicas(2, None, 4).unwrap(), [0.5, 0.5, 0.0, 0.0]);
    assert_eq!(replicas(4, None, 3).unwrap(), [0.5, 0.25, 0.25]);
    assert_eq!(replicas(1, None, 2).unwrap(), [1.0, 0.0]);
}

#[test]
fn a_noisy_replica_has_its_share_and_the_others_split_the_rest() {
    assert_eq!(replicas(3, Some(0.5), 4).unwrap(), [0.5, 0.25, 0.25, 0.0]);
    // Two pods on the first node: the noisy one and another.
    assert_eq!(replicas(3, Some(0.5), 2).unwrap(), [0.75, 0.25]);
    assert_eq!(replicas(1, Some(0.2), 2).unwrap(), [1.0, 0.0]);
    assert_eq!(replicas(2, Some(0.0), 2).unwrap(), [0.0, 1.0]);
}

proptest! {
    #[test]
    fn shares_of_replicas_sum_to_one_on_as_many_nodes_as_there_are_pods(
        count in 1u32..500,
        nodes in 1usize..300,
        noisy in proptest::option::of(0.01f64..0.99),
    ) {
        let shares = replicas(count, noisy, nodes).unwrap();
        prop_assert_eq!(shares.len(), nodes);
        prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let loaded = shares.iter().filter(|share| **share > 0.0).count();
        prop_assert_eq!(loaded, nodes.min(count as usize));
    }
}

#[test]
fn replicas_that_make_no_sense_are_refused_at_their_place() {
    assert_eq!(replicas(0, None, 3).unwrap_err()[0].pointer, "/w/replicas");
    assert_eq!(
        replicas(2, Some(1.5), 3).unwrap_err()[0].pointer,
        "/w/noisyReplica"
    );
}

#[test]
fn shares_follow_the_definitions_of_placement() {
    assert_eq!(placement("\"even\"", 4).unwrap(), [0.25; 4]);
    assert_eq!(
        placement(r#"{"hotNode":0.4}"#, 4).unwrap(),
        [0.4, 0.6 / 3.0, 0.6 / 3.0, 0.6 / 3.0]
    );
    assert_eq!(placement(r#"{"hotNode":0.4}"#, 1).unwrap(), [1.0]);
    assert_eq!(
        placement(r#"{"weights":[3,0,1]}"#, 3).unwrap(),
        [0.75, 0.0, 0.25]
    );
    let zipf = placement(r#"{"zipf":1}"#, 3).unwrap();
    let sum = 1.0 + 1.0 / 2.0 + 1.0 / 3.0;
    for (i, share) in zipf.iter().enumerate() {
        assert!((share - 1.0 / (i + 1) as f64 / sum).abs() < 1e-15);
    }
    assert_eq!(placement(r#"{"zipf":0}"#, 5).unwrap(), [0.2; 5]);
}

#[test]
fn a_percentage_is_recognised() {
    let faults = placement(r#"{"hotNode":20}"#, 3).unwrap_err();
    assert_eq!(faults[0].pointer, "/p/hotNode");
    assert!(faults[0].remedy.contains("0.2"), "{faults:?}");
}

#[test]
fn ends_may_miss_one_by_rounding_only() {
    let sums = |json: &str| {
        let words: CloseSpec = serde_json::from_str(json).unwrap();
        words.resolve("/c", &mut Faults::new()).is_some()
    };
    assert!(sums(r#"{"fin":0.7,"rst":0.2,"abandon":0.1}"#));
    assert!(sums(r#"{"fin":0.9999999995,"rst":0}"#));
    assert!(!sums(r#"{"fin":0.99999999}"#));
    assert!(!sums(r#"{"fin":1.5,"rst":-0.5}"#));
}

#[test]
fn defaults_are_those_of_the_definitions() {
    let mut faults = Faults::new();
    let connect = ConnectSpec::default().resolve("", &mut faults).unwrap();
    assert_eq!(
        (
            connect.timeout,
            connect.syn_retries,
            connect.syn_linear_timeouts
        ),
        (None, 6, 0)
    );
    let retry = RetrySpec::default().resolve("", &mut faults).unwrap();
    assert_eq!(
        (retry.attempts, retry.factor, retry.jitter),
        (1, 2.0, Jitter::NONE)
    );
    assert_eq!(retry.backoff, SimTime::from_secs(1));
    assert!(faults.is_empty());
}

#[test]
fn the_ways_to_give_a_lognormal_agree() {
    let by_p99 = law(r#"{"lognormal":{"median":"400ms","p99":"8s"}}"#).unwrap();
    let Law::Lognormal { mu, sigma } = by_p99 else {
        panic!("{by_p99:?}");
    };
    assert!((by_p99.cdf(0.4) - 0.5).abs() < 1e-12 && (by_p99.cdf(8.0) - 0.99).abs() < 1e-9);
    let by_sigma = law(&format!(
        r#"{{"lognormal":{{"median":"400ms","sigma":{sigma}}}}}"#
    ))
    .unwrap();
    assert_eq!(by_sigma, by_p99);
    let mean = law(r#"{"lognormal":{"mean":"3s","sigma":1.5}}"#).unwrap();
    assert!((mean.mean() - 3.0).abs() < 1e-12);
    assert!((mu - libm::log(0.4)).abs() < 1e-15);
}

#[test]
fn every_law_keeps_its_parameters() {
    assert_eq!(
        law(r#"{"constant":"0s"}"#).unwrap(),
        Law::Constant(SimTime::ZERO)
    );
    assert_eq!(
        law(r#"{"exponential":{"mean":"2s"}}"#).unwrap(),
        Law::Exponential { mean: 2.0 }
    );
    assert_eq!(
        law(r#"{"uniform":{"min":"1s","max":"1s"}}"#).unwrap(),
        Law::Uniform { min: 1.0, max: 1.0 }
    );
    assert_eq!(
        law(r#"{"pareto":{"scale":"1s","shape":0.9}}"#).unwrap(),
        Law::Pareto {
            scale: 1.0,
            shape: 0.9,
            max: f64::INFINITY
        }
    );
    assert_eq!(
        law(r#"{"weibull":{"scale":"1s","shape":0.7}}"#).unwrap(),
        Law::Weibull {
            scale: 1.0,
            shape: 0.7
        }
    );
    let seconds = |s: u64| SimTime::from_secs(s);
    assert_eq!(
        law(r#"{"empirical":{"values":["3s","1s"]}}"#).unwrap(),
        Law::Empirical([seconds(1), seconds(3)].into())
    );
}

#[test]
fn laws_without_meaning_are_refused_at_their_parameters() {
    for json in [
        r#"{"exponential":{"mean":"0s"}}"#,
        r#"{"lognormal":{}}"#,
        r#"{"lognormal":{"median":"1s","p99":"2s","sigma":1}}"#,
        r#"{"lognormal":{"median":"2s","p99":"1s"}}"#,
        r#"{"lognormal":{"mean":"2s","sigma":-1}}"#,
        r#"{"uniform":{"min":"2s","max":"1s"}}"#,
        r#"{"pareto":{"scale":"1s","shape":0}}"#,
        r#"{"pareto":{"scale":"1s","shape":1,"max":"1s"}}"#,
        r#"{"weibull":{"scale":"0s","shape":1}}"#,
        r#"{"empirical":{}}"#,
        r#"{"empirical":{"values":["1s"],"file":"x"}}"#,
    ] {
        let fault = &law(json).unwrap_err()[0];
        assert_eq!(fault.code, Code::E0211, "{json}");
        assert!(fault.pointer.starts_with("/l/"), "{json}");
    }
}
