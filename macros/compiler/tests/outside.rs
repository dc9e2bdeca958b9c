//! RK07 and RK03: by which ways something from outside can come to steer a task.

mod common;

fn codes(body: &str) -> Vec<&'static str> {
    let source = format!(
        "fn task(x: Input<[i32; 4]>, y: Output<[i32; 4]>, s: State<i32>, n: u8, clock: &Clock, radio: &mut Radio) {{ {body} }}"
    );
    let (_, _, found) = common::compile(&source);
    found.iter().filter_map(|d| d.code).collect()
}

#[test]
fn what_comes_from_outside_steers_by_no_way() {
    for body in [
        "let t: i32 = clock.now(); y.set(t as usize, 1);",
        "let mut a = 0usize; let p = &mut a; *p = adc(); y.set(a, 1);",
        "let mut a = 0usize; fill(&mut a, adc()); y.set(a, 1);",
        "let mut a = 0usize; SENSOR.read_into(&mut a); y.set(a, 1);",
        "s.set(adc()); y.set(s.get() as usize, 1);",
        "let mut v = List::of(3); v.push(adc()); y.set(v.first(3), 1);",
        "let mut v = List::of(3); if adc() > 3 { v.push(x[0]); } y.set(v.first(3), 1);",
        "let mut b: [u8; 4] = [0; 4]; #[effect(at_least_once)] radio.receive(&mut b); y.set(b[0] as usize, 1);",
        "let mut b: [u8; 4] = [0; 4]; #[effect(at_most_once)] radio.receive(&mut b); y.set(b[0] as usize, 1);",
        "#[sense(expires = 5, clock = clock)] let i: usize = adc(); y.set(i, 1);",
        "#[sense(expires = 5, clock = clock)] let i: usize = adc(); let j = i + 1; y.set(j, 1);",
    ] {
        assert_eq!(codes(body), ["RK07"], "{body}");
    }
}

#[test]
fn what_comes_from_outside_is_not_computed_again() {
    for body in [
        "let t = clock.now(); #[commit] for i in 0..4 { y.set(i, t); }",
        "#[sense] let t = measure(n); #[commit] for i in 0..4 { y.set(i, t); }",
        "#[effect(at_least_once)] let t = measure(n); #[commit] for i in 0..4 { y.set(i, t); }",
    ] {
        assert_eq!(codes(body), ["RK03"], "{body}");
    }
}

#[test]
fn what_is_kept_or_only_stored_may() {
    for body in [
        "let t: i32 = clock.now(); #[commit] for i in 0..4 { y.set(i, t); }",
        "#[sense] let t: i32 = measure(n); #[commit] for i in 0..4 { y.set(i, t); }",
        "let mut a = 0usize; fill(&mut a); y.set(a, 1);",
        "let mut v = List::of(3); v.push(x[0]); y.set(v.first(3), 1);",
        "let mut b: [u8; 4] = [0; 4]; #[effect(at_least_once)] radio.receive(&mut b); y.set(0, b[0] as i32);",
        "let mut b: [u8; 4] = [0; 4]; #[effect(at_least_once)] radio.receive(&mut b); #[commit] {} y.set(b[0] as usize, 1);",
        "#[sense(expires = 5, clock = clock)] let i: usize = adc(); #[commit] let k: usize = i; y.set(k, 1);",
        "let mut rng = Rng::seeded(3); let i = rng.next_u32(); y.set(i as usize % 4, 1);",
    ] {
        assert!(codes(body).is_empty(), "{body}: {:?}", codes(body));
    }
}
