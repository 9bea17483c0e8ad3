//! A few connections, each worked out by hand.
