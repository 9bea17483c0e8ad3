//! snatsim simulates SNAT port exhaustion: what happens when a cluster's outbound connections
//! meet a NAT that owns a limited number of source ports.
//!
//! The layers, from the bottom; each imports only from those before it:
//!
//! 1. [`units`] time, seeds and their streams, [`fault`] what a broken rule says
//! 2. [`engine`] clock, releases, cell loop
//! 3. [`outbound`], [`traffic`], [`record`] siblings: port pools, arrivals, counters
//! 4. [`scenario`] the file, its rules and the places of errors
//! 5. [`model`] what the scenario means
//! 6. [`simulate`] (model, seed) to result
//! 7. [`results`] the published documents
//! 8. [`sweep`] grids of scenarios: run in parallel, resumed, sharded, merged
//! 9. [`report`] tables and sentences for people, charts and the page
//!
//! The binary's command line is [`cli`].

pub mod cli;
pub mod engine;
pub mod fault;
pub mod model;
pub mod outbound;
pub mod record;
pub mod report;
pub mod results;
pub mod scenario;
pub mod simulate;
pub mod sweep;
pub mod traffic;
pub mod units;
