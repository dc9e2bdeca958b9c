//! `hello_world`, through power failures.
#![no_std]
#![no_main]

rekindle_models_m4::outages!(hello_world);
