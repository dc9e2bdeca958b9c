//! `hello_world`, what it takes.
#![no_std]
#![no_main]

rekindle_models_m4::measured!(hello_world);
