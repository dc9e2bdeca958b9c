//! `micro_speech`, through power failures.
#![no_std]
#![no_main]

rekindle_models_m4::outages!(micro_speech);
