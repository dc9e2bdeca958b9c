//! The compiler behind Rekindle's macros: parse, analyze, lower, emit.
