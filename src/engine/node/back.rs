//! When what a try holds on its node is free again.

use super::words::{NodeRules, UDP_STREAM};
use crate::engine::connection::End;
use crate::units::SimTime;

/// When what a try holds is free again, in nanoseconds.
#[derive(Clone, Copy)]
pub(super) struct Back {
    pub local: u64,
    /// Its place in the table, and with it the port of the node's address.
    pub table: u64,
    /// When it was closed, if it was.
    pub closed: Option<u64>,
}

/// A connection that is answered. Times in nanoseconds.
pub(super) struct Open {
    pub at: u64,
    pub open_until: u64,
    pub inactive_at: u64,
    pub end: End,
}

impl Back {
    /// Of a try without an answer.
    pub fn of_try(local: u64, table: u64) -> Back {
        Back {
            local,
            table,
            closed: None,
        }
    }

    /// Of a connection that is answered.
    pub fn of_open(rules: &NodeRules, resets: bool, open: &Open) -> Back {
        let Open {
            at,
            open_until,
            inactive_at,
            end,
        } = *open;
        let after = |at: u64, span: SimTime| at.saturating_add(span.as_nanos());
        let closed = |at: u64, local: u64, span: SimTime| Back {
            local,
            table: after(at, span),
            closed: Some(at),
        };
        match end {
            End::Fin => closed(
                open_until,
                after(open_until, rules.time_wait),
                rules.tracked_after_fin,
            ),
            End::Rst => closed(open_until, open_until, rules.tracked_after_rst),
            End::Udp => {
                let span = match open_until - at > UDP_STREAM.as_nanos() {
                    true => rules.tracked_udp_stream,
                    false => rules.tracked_udp,
                };
                Back::of_try(open_until, after(open_until, span))
            }
            End::Abandon | End::Broken => {
                let is_kept = end == End::Broken || rules.abandoned_stay_open;
                let forgotten = after(open_until, rules.tracked_established);
                if !resets || inactive_at >= forgotten {
                    // A reset finds no way to the pod where its node has forgotten the connection.
                    let local = if is_kept { u64::MAX } else { open_until };
                    return Back::of_try(local, forgotten);
                }
                let local = if is_kept { inactive_at } else { open_until };
                closed(inactive_at, local, rules.tracked_after_rst)
            }
            End::Unanswered => unreachable!("it is not answered"),
        }
    }
}
