//! The rules of a cell: limits, holds, buckets and borders, as plain numbers.

use super::Grant;
use super::connection::{Class, Draw, End, EndRule, Sort, draw, end_rules};
use super::plan::{Grouping, IpChoice, PoolPlan, RefusedSyn};
use crate::units::SimTime;
use std::ops::Range;

/// Where the pools of a plan stand among those of all types that an outbound type has in the course of a run. All of them
/// lie side by side as buckets of one cell, in which arrivals are marked with their node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Among {
    /// The pools of the plan.
    pub own: Range<u32>,
    /// By pool of any type, whose ceiling it counts toward.
    pub scopes: Vec<u32>,
}

/// The rules of a cell; shared by all cells of an outbound type. Times in nanoseconds.
#[derive(Clone, Debug)]
pub struct CellRules {
    /// Ports of a stock, active or held.
    pub(super) limit: u32,
    /// Active connections of a stock.
    pub(super) active_limit: Option<u32>,
    pub(super) ends: [EndRule; 5],
    pub(super) half_open: u64,
    /// Buckets of a key: of [`Among`] all types, else those of the plan.
    buckets: u32,
    /// The buckets of the plan.
    own: Range<u32>,
    pub(super) ips: u32,
    /// By bucket, whose ceiling it counts toward.
    scopes: Vec<u32>,
    /// Whether every node has a bucket of its own.
    by_node: bool,
    /// Whether a SYN without a port looks at the other IPs of its instance.
    pub(super) fallback: bool,
    /// Whether a refused SYN ends its try.
    pub(super) reset: bool,
    /// Active connections over all keys, where it is enforced.
    pub(super) ceiling: Option<u64>,
    pub(super) warmup: u64,
    pub(super) duration: u64,
    border_step: u64,
    /// Buckets that take new connections, ascending; none where all do.
    open: Option<Vec<u32>>,
    /// By class, whether no answer comes; empty where all are answered.
    silent: Vec<bool>,
}

impl CellRules {
    /// The rules of `plan` for a run of `duration` that counts from `warmup`; a period ends every `step`.
    /// `enforce_ceiling` where the cells under the plan's ceiling are run as one.
    pub fn new(
        plan: &PoolPlan,
        warmup: SimTime,
        duration: SimTime,
        step: SimTime,
        enforce_ceiling: bool,
    ) -> Self {
        let (instances, ips, choice) = match plan.grouping {
            Grouping::Buckets {
                ips,
                instances,
                choice,
            } => (instances, ips, choice),
            _ => (1, 1, IpChoice::Random),
        };
        let buckets = u64::from(instances) * u64::from(ips);
        assert!(
            buckets <= u64::from(u16::MAX),
            "a connection that waits names its bucket in 16 bits"
        );
        let enforced = enforce_ceiling && plan.ceiling_scopes() > 0;
        CellRules {
            limit: plan.binding_limit(),
            active_limit: plan.active_limit.map(|active| match active.counts_held {
                // Counted with the held ones, they are in the binding limit.
                true => u32::MAX,
                false => active.limit,
            }),
            ends: end_rules(&plan.holds),
            half_open: plan.holds.half_open.as_nanos(),
            buckets: buckets as u32,
            own: 0..buckets as u32,
            ips,
            scopes: (0..buckets as u32).map(|bucket| bucket / ips).collect(),
            by_node: false,
            fallback: choice == IpChoice::Fallback,
            reset: plan.refused_syn == RefusedSyn::Reset,
            ceiling: plan
                .ceiling
                .filter(|_| enforced)
                .map(|ceiling| ceiling.limit),
            warmup: warmup.as_nanos(),
            duration: duration.as_nanos(),
            border_step: step.as_nanos(),
            open: None,
            silent: Vec::new(),
        }
    }

    /// The same while the destinations of some classes do not answer; `silent` says of which.
    pub fn with_silent(self, silent: Vec<bool>) -> Self {
        CellRules { silent, ..self }
    }

    /// The same while only these buckets, ascending and at least one, take new connections; all where there is no list.
    pub fn with_open(self, open: Option<Vec<u32>>) -> Self {
        CellRules { open, ..self }
    }

    /// The same among the pools of other types that there are in the course of the run; `enforce_ceilings` where the cells
    /// under a ceiling of any of them are run as one.
    pub fn among(self, among: &Among, by_node: bool, enforce_ceilings: bool) -> Self {
        let pools = among.scopes.len();
        assert!(
            pools <= usize::from(u16::MAX),
            "a connection that waits names its bucket in 16 bits"
        );
        CellRules {
            buckets: pools as u32,
            own: among.own.clone(),
            scopes: among.scopes.clone(),
            by_node,
            ceiling: self.ceiling.or(enforce_ceilings.then_some(u64::MAX)),
            ..self
        }
    }

    /// Whether another type comes or came before in the course of the run.
    pub(super) fn is_one_of_several_types(&self) -> bool {
        self.own.len() as u32 != self.buckets
    }

    /// The other buckets of the instance whose bucket `stock` is, from the next on.
    pub(super) fn other_ips(&self, stock: u32) -> impl Iterator<Item = u32> + use<> {
        let ips = self.ips;
        let within = (stock % self.buckets).wrapping_sub(self.own.start) % ips;
        let first = stock - within;
        (1..ips).map(move |further| first + (within + further) % ips)
    }

    /// Whether buckets come and go in the course of the run.
    #[inline(always)]
    pub(super) fn buckets_change(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the bucket `stock` takes new connections.
    #[inline(always)]
    pub(super) fn is_open(&self, stock: u32) -> bool {
        let open = self.open.as_ref();
        open.is_none_or(|open| open.binary_search(&(stock % self.buckets)).is_ok())
    }

    #[inline(always)]
    pub(super) fn some_are_silent(&self) -> bool {
        !self.silent.is_empty()
    }

    /// Whether connections of `class` that get a port now get no answer.
    #[inline(always)]
    pub(super) fn is_silent(&self, class: u32) -> bool {
        self.some_are_silent() && self.silent[class as usize]
    }

    /// When a port that was handed out under these rules stops being active, unless it is taken back.
    pub(super) fn inactive_at(&self, grant: &Grant) -> u64 {
        match grant.end {
            End::Unanswered => grant.release_at,
            end => grant.release_at - self.ends[end as usize].hold_down,
        }
    }

    /// What follows the life of a connection that is answered and ends this way: nanoseconds in which it is silent and
    /// still active, and nanoseconds of hold-down after that.
    pub fn after(&self, end: End) -> (u64, u64) {
        let rule = &self.ends[end as usize];
        (rule.silence, rule.hold_down)
    }

    #[inline(always)]
    pub(super) fn buckets(&self) -> u32 {
        self.buckets
    }

    /// Ceilings that are enforced.
    pub(super) fn ceilings(&self) -> u32 {
        match self.ceiling {
            Some(_) => self.scopes.iter().max().map_or(0, |last| last + 1),
            None => 0,
        }
    }

    /// Whose ceiling `stock` counts toward: the instance whose bucket it is; 0 where there are none.
    #[inline]
    pub fn scope(&self, stock: u32) -> u32 {
        self.scopes[(stock % self.buckets) as usize]
    }

    /// The stock where the SYNs of this try look for a port.
    #[inline(always)]
    pub fn place(&self, class: &Class, sort: Sort, first_at: u64, id: u32, tried: u32) -> u32 {
        let first = class.key * self.buckets;
        match self.buckets {
            1 => first,
            _ => first + self.bucket(class, sort, first_at, id, tried),
        }
    }

    /// The bucket of this try, where there are several.
    fn bucket(&self, class: &Class, sort: Sort, first_at: u64, id: u32, tried: u32) -> u32 {
        if self.by_node {
            return self.own.start + class.first_node + sort.cell();
        }
        let bits = draw(class.seed, first_at, id, tried, Draw::Bucket);
        let among = |many: u64| ((bits >> 32) * many) >> 32;
        match &self.open {
            Some(open) => open[among(open.len() as u64) as usize],
            None => among(u64::from(self.buckets)) as u32,
        }
    }

    /// The first border of a run.
    pub(super) fn first_border(&self) -> u64 {
        match self.warmup {
            0 => self.border_after(0),
            warmup => warmup,
        }
    }

    /// The first border after `at`.
    pub(super) fn border_after(&self, at: u64) -> u64 {
        if at >= self.duration {
            return u64::MAX;
        }
        (at / self.border_step + 1)
            .saturating_mul(self.border_step)
            .min(self.duration)
    }

    /// The last border at or before `at`, from warm-up on.
    pub(super) fn border_before(&self, at: u64) -> u64 {
        (at / self.border_step * self.border_step).max(self.warmup)
    }
}
