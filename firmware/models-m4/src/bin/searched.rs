//! `searched`, what it takes.
#![no_std]
#![no_main]

rekindle_models_m4::measured!(searched);
