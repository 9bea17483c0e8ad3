//! The Erlang-B formula.

/// The Erlang-B blocking probability of `servers` ports at an offered load in Erlang.
///
/// Sums 1/B = Σ N! / ((N−k)! A^k), all terms positive, so nothing cancels at any size.
/// Values below 1e-300 are given as 0.
pub fn erlang_b(load: f64, servers: u64) -> f64 {
    assert!(load >= 0.0, "an offered load is not negative");
    if load == 0.0 {
        return f64::from(u8::from(servers == 0));
    }
    let (mut term, mut sum) = (1.0, 1.0);
    for left in (1..=servers).rev() {
        let growth = left as f64 / load;
        term *= growth;
        sum += term;
        // Once terms shrink they go on shrinking, faster each time: the rest is below one part in 1e16.
        if sum > 1e300 || (growth < 1.0 && term < sum * 1e-17 * (1.0 - growth)) {
            break;
        }
    }
    if sum > 1e300 { 0.0 } else { 1.0 / sum }
}

/// The fewest ports whose blocking is at most `target`, in (0, 1], at an offered load in Erlang.
pub fn ports_for(load: f64, target: f64) -> u64 {
    assert!(
        load >= 0.0 && target > 0.0 && target <= 1.0,
        "a load that is not negative and a probability above 0"
    );
    let mut inverse: f64 = 1.0;
    let mut ports = 0;
    while inverse * target < 1.0 {
        ports += 1;
        inverse = 1.0 + inverse * ports as f64 / load;
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, expected: f64, relative: f64) {
        assert!(
            (found - expected).abs() <= relative * expected.abs(),
            "{found} is not {expected}"
        );
    }

    /// The largest load whose blocking is at most `target`, by bisection.
    fn load_for(ports: u64, target: f64) -> f64 {
        let (mut low, mut high) = (0.0, ports as f64 * 2.0);
        for _ in 0..200 {
            let middle = (low + high) / 2.0;
            if erlang_b(middle, ports) <= target {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Checked by the recursion B(n) = A B(n-1) / (n + A B(n-1)) in decimal arithmetic of 50 digits.
    #[test]
    fn erlang_b_agrees_with_independent_figures() {
        for (load, ports, blocking) in [
            (10.0, 10, 0.21458234310734736),
            (60.0, 64, 0.06036273820423571),
            (100.0, 64, 0.37566097948853716),
            (900.0, 1024, 3.510952895138945e-06),
            (1024.0, 1024, 0.02452425754528341),
            (2400.0, 2496, 0.0012311700766761285),
            (70000.0, 64512, 0.07856715807312395),
            (44.0, 32, 0.31524954626184754),
            (12.0, 32, 7.981684130288695e-07),
            (80.0, 128, 1.8441651725167395e-07),
            (84.0, 64, 0.2671233789786104),
            (12.0, 64, 5.657819222753077e-26),
            (120.0, 64, 0.47555478423927955),
        ] {
            close(erlang_b(load, ports), blocking, 1e-11);
        }
    }

    /// Erlang-B tables for the port counts of Azure, to the digits they were given in.
    #[test]
    fn erlang_b_agrees_with_rounded_tables() {
        for (ports, load, blocking, relative) in [
            (128, 100.0, 9.676e-4, 1e-4),
            (128, 110.0, 9.081e-3, 1e-4),
            (128, 120.0, 3.467e-2, 1e-3),
            (128, 128.0, 6.732e-2, 1e-4),
            (128, 160.0, 2.201e-1, 1e-3),
            (1024, 900.0, 3.51e-6, 1e-3),
            (1024, 950.0, 7.57e-4, 1e-3),
            (1024, 980.0, 5.11e-3, 1e-3),
            (1024, 1024.0, 2.452e-2, 3e-4),
            (1024, 1100.0, 7.867e-2, 1e-4),
            (1024, 1500.0, 3.187e-1, 2e-4),
            (64512, 64000.0, 2.08e-4, 5e-3),
            (64512, 64512.0, 3.135e-3, 3e-4),
            (64512, 66000.0, 2.317e-2, 3e-4),
            (512, 450.0, 2.96e-4, 2e-3),
            (512, 470.0, 2.92e-3, 2e-3),
            (512, 480.0, 6.68e-3, 2e-3),
            (512, 490.0, 1.28e-2, 5e-3),
        ] {
            close(erlang_b(load, ports), blocking, relative);
        }
    }

    #[test]
    fn the_load_a_pool_carries_agrees_with_tables() {
        for (ports, load) in [
            (32, 18.20),
            (64, 44.16),
            (128, 100.12),
            (256, 217.51),
            (512, 459.62),
            (1024, 953.63),
            (2560, 2458.1),
            (64512, 64234.6),
        ] {
            close(load_for(ports, 1e-3), load, 5e-4);
        }
        // One shared pool carries more than the same ports split over nodes.
        close(50.0 * load_for(1024, 1e-4), 46388.0, 1e-4);
        close(load_for(51200, 1e-4), 50659.0, 1e-4);
        close(51.0 * load_for(512, 1e-4), 22574.0, 1e-4);
        close(load_for(26112, 1e-4), 25705.0, 1e-4);
    }

    #[test]
    fn the_fewest_ports_for_a_target_are_exact() {
        assert_eq!(ports_for(50.0, 0.01), 64);
        assert_eq!(ports_for(900.0, 1e-6), 1034);
        assert_eq!(ports_for(0.0, 1e-6), 1);
        assert_eq!(ports_for(5.0, 1.0), 0);
    }

    proptest! {
        #[test]
        fn the_sum_agrees_with_the_recursion(load in 0.01f64..500.0, ports in 0u64..600) {
            let mut inverse = 1.0;
            for n in 1..=ports {
                inverse = 1.0 + inverse * n as f64 / load;
            }
            if inverse < 1e290 {
                let found = erlang_b(load, ports);
                prop_assert!((found * inverse - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn the_fewest_ports_are_enough_and_one_fewer_are_not(
            load in 0.1f64..2000.0, exponent in -8.0f64..-0.1,
        ) {
            let target = 10f64.powf(exponent);
            let ports = ports_for(load, target);
            prop_assert!(erlang_b(load, ports) <= target * (1.0 + 1e-9));
            prop_assert!(ports == 0 || erlang_b(load, ports - 1) > target * (1.0 - 1e-9));
        }
    }
}
