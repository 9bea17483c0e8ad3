//! The custom type, and which timers an idle timeout moves.

use super::*;

#[test]
fn a_custom_type_is_what_it_says() {
    let plan = plan(
        json!({
            "name": "anything", "outboundType": "custom",
            "custom": { "scope": "shared", "portsPerPool": 55000, "activePerPool": 50000, "udpKey": "address" },
            "timers": { "idle": "350s", "holdAfterFin": "1s", "holdAfterRst": "2s", "holdAfterIdle": "3s",
                        "halfOpen": "4s", "holdAfterUdp": "6s" }
        }),
        &nodes(3),
    );
    assert_eq!(plan.grouping, Grouping::Shared);
    assert_eq!((plan.limit, plan.udp_key), (55_000, UdpKey::Address));
    assert_eq!(
        plan.active_limit,
        Some(ActiveLimit {
            limit: 50_000,
            counts_held: false
        })
    );
    let holds = plan.holds;
    let seconds = [
        holds.idle,
        holds.after_fin,
        holds.after_rst,
        holds.after_idle,
        holds.half_open,
        holds.udp_idle,
        holds.after_udp,
    ]
    .map(|hold| hold.as_nanos() / 1_000_000_000);
    assert_eq!(
        seconds,
        [350, 1, 2, 3, 4, 350, 6],
        "UDP idles out as TCP does"
    );
}

#[test]
fn a_custom_type_holds_as_the_definitions_say_where_nothing_is_given() {
    let plan = plan(
        json!({ "outboundType": "custom", "custom": { "scope": "perNode", "portsPerPool": 64 } }),
        &nodes(3),
    );
    let zero = SimTime::ZERO;
    let four_minutes = SimTime::from_secs(240);
    let holds = plan.holds;
    assert_eq!((holds.idle, holds.udp_idle), (four_minutes, four_minutes));
    assert_eq!(holds.half_open, SimTime::from_secs(30));
    assert_eq!(
        [
            holds.after_fin,
            holds.after_rst,
            holds.after_idle,
            holds.after_udp
        ],
        [zero; 4]
    );
    assert_eq!(plan.udp_key, UdpKey::AddressAndPort);
    assert_eq!((plan.active_limit, plan.ceiling), (None, None));
}

#[test]
fn the_idle_timer_moves_udp_where_udp_has_no_timer_of_its_own() {
    let minute = SimTime::MINUTE;
    let four_minutes = SimTime::from_secs(240);
    for (mut value, udp_idle) in [
        (load_balancer(0, 1), minute),
        (nat_gateway(1), four_minutes),
        (firewall(1, 2), four_minutes),
    ] {
        value["timers"] = json!({ "idle": "1m" });
        let holds = plan(value.clone(), &nodes(3)).holds;
        assert_eq!((holds.idle, holds.udp_idle), (minute, udp_idle));
        value["timers"] = json!({ "idle": "1m", "udpIdle": "2s" });
        let holds = plan(value, &nodes(3)).holds;
        assert_eq!(holds.udp_idle, SimTime::from_secs(2));
    }
}
