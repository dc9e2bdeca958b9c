//! Crash-safe, resumable inference loops for batteryless devices.
#![no_std]
