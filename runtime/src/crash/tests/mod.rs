//! Tests of the checker.

mod toy;
