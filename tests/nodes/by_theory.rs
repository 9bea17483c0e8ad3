//! Where theory knows what comes out.
