//! The engine: a clock, ports coming back, and the loop over one cell.

mod plan;

pub use plan::{
    ActiveLimit, Ceiling, Grouping, Holds, IpChoice, PoolPlan, Protocol, RefusedSyn, UdpKey,
};
