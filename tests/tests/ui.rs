//! What the compiler tells a user: every message in `ui/` is pinned to the letter.

#[test]
fn diagnostics_point_at_the_users_code() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
