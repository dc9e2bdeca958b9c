//! The cost model of iNAS, reproduced, and the same model without its known defects.
//!
//! Source: Mendis, Kang, Hsiu, "Intermittent-Aware Neural Architecture Search", ACM TECS 20(5s) 64, 2021.

mod cost;
mod search;
mod settings;
mod space;

pub use cost::{Fidelity, LayerCost, Model};
pub use search::{Objective, Planned, Searched, search, search_layer};
pub use settings::{Setting, settings};
pub use space::{Design, Order};
