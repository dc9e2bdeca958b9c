//! int8 neural-network kernels as intermittent tasks.
#![no_std]
