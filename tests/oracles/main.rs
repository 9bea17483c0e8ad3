//! The engine against closed forms: every case in a run short enough for `cargo test`.

#[path = "../support/models.rs"]
#[allow(dead_code)]
mod models;

#[path = "cases.rs"]
mod cases;
mod theory;

use cases::{Check, Effort, THEMES};

/// Runs the theme of this title and names every case that does not hold up.
fn holds(title: &str) {
    let theme = THEMES
        .iter()
        .find(|theme| theme.title == title)
        .expect("a theme");
    let checks = (theme.run)(Effort::Test);
    assert!(!checks.is_empty());
    let wrong: Vec<String> = checks
        .iter()
        .filter(|check| !check.holds(Effort::Test))
        .map(description)
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn description(check: &Check) -> String {
    let Check {
        name,
        expected,
        simulated,
        ..
    } = check;
    let z = check
        .z()
        .map_or(String::new(), |z| format!(", {z:.1} standard errors away"));
    format!("{name}: expected {expected}, simulated {simulated}{z}")
}

macro_rules! themes {
    ($($test:ident: $title:literal,)*) => {
        $(#[test]
        fn $test() {
            holds($title);
        })*

        #[test]
        fn every_theme_is_a_test() {
            let tested = [$($title),*];
            assert!(THEMES.iter().all(|theme| tested.contains(&theme.title)));
        }
    };
}

themes! {
    the_formula_gives_the_published_figures: "The formula itself",
    blocking_is_erlangs_for_any_law_of_holds: "Erlang-B, any law of holds of the same mean",
    blocking_at_the_pools_of_azure_is_erlangs: "Erlang-B at the pools of Azure",
    fixed_blocks_lose_what_one_pool_would_carry: "Fixed blocks against one shared pool",
    destinations_do_not_compete_for_ports: "Ports reused toward other destinations",
    clients_that_wait_are_refused_as_engset_says: "Engset: clients that wait",
    ports_in_use_without_a_limit_are_poisson: "Ports in use without a limit are Poisson",
    an_empty_start_fills_as_theory_says: "From an empty start",
    the_first_refusal_comes_when_theory_says: "Time to the first refusal",
    evenly_spaced_arrivals_lose_an_exact_number: "Evenly spaced arrivals",
    peaks_over_a_horizon_are_as_high_as_theory_says: "Peak over a horizon",
    retries_after_long_pauses_are_fresh_attempts: "Retries after long pauses",
    refused_clients_try_again_as_the_retrial_queue_says: "Retrials: refused for ever until answered",
    two_instances_are_two_pools: "Azure Firewall: two instances are two pools",
    rates_saturate_where_the_holds_say: "Rates that saturate",
    what_happened_to_others_happens_again: "Replays of what happened to others",
}
