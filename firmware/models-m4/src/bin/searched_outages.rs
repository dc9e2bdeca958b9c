//! `searched`, through power failures.
#![no_std]
#![no_main]

rekindle_models_m4::outages!(searched);
