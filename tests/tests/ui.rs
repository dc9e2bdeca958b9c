//! What the compiler tells a user: every message in `ui/` is pinned to the letter; what stands in `ui/pass/` is close to
//! what is refused, and accepted.

#[test]
fn diagnostics_point_at_the_users_code() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}

#[test]
fn near_misses_are_accepted() {
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}
