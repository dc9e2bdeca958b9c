//! `person_detection`, what it takes.
#![no_std]
#![no_main]

rekindle_models_m4::measured!(person_detection);
