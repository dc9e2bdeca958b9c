//! Real generated code on a modelled supply.
//!
//! A store charges every access and all announced work to a capacitor on a harvest ([`rekindle_planner::program`]); when it
//! is empty, the stack unwinds and all SRAM is lost, and the program boots again once it is charged. So what a plan
//! predicts can be held against what the compiled code does, commit by commit, and pacers against fixed intervals.
//!
//! The physics (capacitor, harvest, costs) is the planner's, on purpose: what is compared is the program. The planner
//! knows it as a list of loops, here it is the code that the macros generate, on the runtime that devices run.

pub mod agreement;
pub mod meter;
pub mod network;
pub mod pacing;
pub mod report;
pub mod run;
pub mod store;
