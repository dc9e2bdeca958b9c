//! `hello_world`, what it takes.
#![no_std]
#![no_main]

rekindle_tflm_m4::measured!(hello_world, "hello_world_int8", [FullyConnected]);
