//! Azure Firewall: ports by address and instance, its ceiling, its timers beside the others'.

use super::*;

#[test]
fn w27_w28_v12_firewall_ports_are_addresses_times_instances_times_2496() {
    for (ips, instances, ports) in [
        (1, 2, 4_992),
        (5, 2, 24_960),
        (20, 2, 99_840),
        (250, 2, 1_248_000),
        (1, 16, 39_936),
    ] {
        let plan = plan(firewall(ips, instances), &nodes(3));
        assert_eq!(plan.pools(3) * plan.limit as usize, ports);
    }
}

#[test]
fn w33_capacities_are_equal_or_two_apart_and_the_least_is_there_from_the_start() {
    for (least, most, buckets) in [
        (5, 5, Some(5)),
        (5, 6, None),
        (5, 7, Some(5)),
        (2, 20, Some(2)),
    ] {
        let value = json!({ "outboundType": "userDefinedRouting", "azureFirewall": {
            "autoscaleConfiguration": { "minCapacity": least, "maxCapacity": most },
        } });
        let plan = resolved(value, &nodes(3)).plan.ok();
        assert_eq!(plan.map(|plan| plan.pools(3)), buckets, "{least} to {most}");
    }
}

#[test]
fn w29_a_firewall_has_no_hold_down() {
    let plan = plan(firewall(1, 2), &nodes(3));
    assert_eq!(plan.holds.after_fin, SimTime::ZERO);
    assert_eq!(plan.holds.after_rst, SimTime::ZERO);
    let one_second = SimTime::from_secs(1).saturating_add(plan.holds.after_fin);
    let ports = plan.limit * plan.pools(3) as u32;
    assert!((rate(ports, one_second) - 4_992.0).abs() < 1e-9);
}

#[test]
fn w30_every_firewall_instance_has_250000_connections() {
    for (instances, connections) in [(2, 500_000), (20, 5_000_000)] {
        let plan = plan(firewall(1, instances), &nodes(3));
        let per_instance = plan.ceiling.expect("a ceiling").limit;
        assert_eq!(per_instance * u64::from(instances), connections);
    }
}

#[test]
fn w41_an_idle_port_is_free_at_once_after_30_4_and_4_minutes() {
    for (value, minutes) in [
        (load_balancer(0, 1), 30),
        (nat_gateway(1), 4),
        (firewall(1, 2), 4),
    ] {
        let holds = plan(value, &nodes(3)).holds;
        assert_eq!(holds.idle, SimTime::from_secs(minutes * 60));
        assert_eq!(holds.after_idle, SimTime::ZERO);
    }
}
