//! The rules on in-place buffers (RK01) and on progress (RK04): failing cases, and near misses that pass.

mod common;

fn texts(body: &str) -> Vec<String> {
    texts_without(body, &[])
}

fn texts_without(body: &str, off: &[&'static str]) -> Vec<String> {
    let source = format!(
        "fn task(b: InPlace<[i8; 8]>, c: InPlace<[i8; 8]>, g: InPlace<[[i8; 8]; 8]>, y: Output<[i8; 8]>, n: usize) {{ {body} }}"
    );
    let (_, _, diagnostics) = common::compile_without(&source, off);
    diagnostics.iter().map(|d| d.text()).collect()
}

fn accepted(body: &str) {
    assert!(texts(body).is_empty(), "{body}: {:#?}", texts(body));
}

fn refused(code: &'static str, body: &str) {
    let found = texts(body);
    assert!(!found.is_empty(), "accepted: {body}");
    assert!(
        texts_without(body, &[code]).is_empty(),
        "refused by something else than {code}: {body}"
    );
    for text in found {
        assert!(text.starts_with(&format!("[{code}]")), "{body}: {text}");
        assert!(
            text.contains("after an outage") && text.contains("help:"),
            "incomplete: {text}"
        );
    }
}

#[test]
fn rk01_an_item_read_and_then_written_in_one_region() {
    for body in [
        "#[commit] for i in 0..8 { b.set(i, b.get(i) + 1); }",
        "#[commit] for i in 0..8 { let v = b.get(i); b.set(i, v.max(0)); }",
        "#[commit] for i in 0..8 { if b.get(i) < 0 { b.set(i, 0); } }",
        "for i in 0..8 { let v: i8 = b.get(i); if n > 3 { #[commit] y.set(i, 0); } b.set(i, v); }",
        "#[commit] { let v = b.get(0); b.set(1 - 1, v); }",
        "#[commit] { let v = g.get(1); g.set([1, 2], v[0]); }",
        "#[commit] { let v = g.get([1, n]); g.set((), [[v; 8]; 8]); }",
    ] {
        refused("RK01", body);
    }
}

#[test]
fn rk01_over_a_back_edge() {
    for body in [
        "#[commit(every = 2)] for i in 1..8 { let v = b.get(i); b.set(i - 1, v); }",
        "#[commit(paced)] for i in 0..7 { let v = b.get(i + 1); b.set(i, v); }",
        "#[commit(paced, every = 1)] for i in 0..7 { let v = b.get(i + 1); b.set(i, v); }",
        "for i in 0..7 { #[commit] y.set(i, 0); let v = b.get(i + 1); b.set(i, v); let w = b.get(i); b.set(i + 1, w); }",
        "for i in 1..8 { let v = b.get(i - 1); b.set(i, v); }",
        "for i in 0..8 { let v = b.get(i); for j in 0..2 { b.set(j, v); } }",
        "let mut k: usize = 0; for i in 0..4 { let v = b.get(k); k += 1; b.set(k, v); }",
        "for i in 0..8 { if b.get(0) > 3 { continue; } b.set(0, 1); }",
    ] {
        refused("RK01", body);
    }
}

#[test]
fn rk01_what_cannot_be_seen() {
    for body in [
        "let r = &b; y.set(0, r.get(0));",
        "let f = |i: usize| b.get(i); y.set(0, f(0));",
        "helper(&mut b);",
        "#[effect(at_least_once)] println!(\"{}\", b.get(0));",
        "b.sort();",
        "let z = [b.get(0); 3]; b.set(0, z[1]); let r = b;",
    ] {
        refused("RK01", body);
    }
}

#[test]
fn rk01_near_misses() {
    for body in [
        "for i in 0..8 { #[commit] let v: i8 = b.get(i); b.set(i, v.max(0)); }",
        "#[commit] for i in 0..8 { b.set(i, 0); let v = b.get(i); y.set(i, v); }",
        "#[commit] for i in 0..8 { let v = b.get(i); c.set(i, v); }",
        "#[commit] for i in 0..7 { let v = b.get(i + 1); b.set(i, v); }",
        "#[commit] for i in 0..8 { let v = g.get([i, 0]); g.set([i, 1], v); }",
        "let mut sum: i8 = 0; #[commit] for i in 0..8 { sum += b.get(i); } b.set(0, sum);",
        "for i in 0..8 { #[commit] let v: i8 = b.get(i); if v < 0 { b.set(i, 0); } else { continue; } }",
        "assert!(b.get(0) > 1); #[commit] b.set(1, 3);",
        "let b = [1i8; 8]; y.set(0, b[0]);",
        "#[run] relu(b); #[run] add(&mut *c);",
    ] {
        accepted(body);
    }
}

#[test]
fn rk04_unbounded_loops_without_a_commit() {
    for body in [
        "let mut k: usize = 0; while k < n { k = next(k); }",
        "let mut k: usize = 0; while k < n { if n > 3 { continue; } k += 1; }",
        "let mut k: usize = 0; while k < n { k += 1; k -= 1; }",
        "let mut k: usize = 0; while k < n { let mut k: usize = 3; k += 1; }",
        "loop { if n > 3 { break; } }",
        "loop { if n > 3 { #[commit] y.set(0, 1); } }",
        "loop { if n > 3 { continue; } #[commit] y.set(0, 1); }",
        "let mut k: usize = 0; while k < n { for i in 0..n { #[commit] y.set(i, 1); } k += 1; }",
        "#[commit] for i in 0..n { while poll(i) {} }",
        "for k in 0.. { y.set(k, 0); }",
        "for i in 0..n { y.set(0, 1); }",
        "for i in (0..n).rev().step_by(2) { y.set(i, 1); }",
        "let top = n; for i in 0..top { y.set(0, 1); }",
        "let m = 4; { let m = n; for i in 0..m { y.set(0, 1); } }",
        "for _ in core::iter::repeat(1) { y.set(0, 1); }",
        "for v in [1i8, 2].iter().cycle() { y.set(0, *v); }",
        "#[commit] for i in 0..n { for j in 0..i { y.set(j, 0); } }",
        "for i in 0..n { if i == 7 { #[commit] y.set(0, 1); } }",
        "let mut k: usize = 0; while k < n { y.set(0, 0); k += 1; }",
        "let mut end: usize = 3; end *= n; for i in 0..end { y.set(0, 1); }",
        "let mut k: usize = 0; #[commit(paced)] while k < n { k += 1; }",
        "#[commit(paced, cost = 3)] loop { if n > 3 { break; } }",
    ] {
        refused("RK04", body);
    }
}

#[test]
fn rk04_near_misses() {
    for body in [
        "let mut k: usize = 0; while k + 2 <= 8 { y.set(k, 0); k += 2; }",
        "let mut k: usize = 0; #[commit] while k < n { k += 1; }",
        "let mut k: usize = 0; #[commit(paced, every = 8)] while k < n { k = next(k); }",
        "#[commit(paced)] for i in 0..8 { y.set(i, 0); }",
        "#[commit(paced)] loop { #[commit] y.set(0, 1); if n > 3 { break; } }",
        "loop { #[commit] y.set(0, 1); if n > 3 { break; } }",
        "loop { if n > 3 { #[commit] y.set(0, 1); } else { #[commit] y.set(0, 2); } }",
        "let mut k: usize = 0; while k < n { k += 1; #[run] other(&mut *b); }",
        "#[commit] for i in 0..8 { for j in 0..i { y.set(j, 0); } }",
        "for i in 0..n.min(8) { y.set(i, 0); }",
        "let m = n % 8; for i in 0..m { y.set(i, 0); }",
        "for i in 0..n as u8 { y.set(usize::from(i), 0); }",
        "for (i, k) in (0..).zip([1usize, 2]) { y.set(k, i); }",
        "for i in (0..).step_by(2).take(SIZE) { y.set(i, 0); }",
        "for i in 0..n { #[commit] y.set(i, 0); }",
        "for v in [1i8, 2].iter().rev() { y.set(0, *v); }",
    ] {
        accepted(body);
    }
}

/// Tasks with a device: a `&mut` parameter that is no NVM.
fn device(body: &str, off: &[&'static str]) -> Vec<String> {
    let source = format!(
        "fn task(x: Input<[i8; 8]>, y: Output<[i8; 8]>, s: State<u32>, radio: &mut Radio, n: usize) {{ {body} }}"
    );
    let (_, _, diagnostics) = common::compile_without(&source, off);
    diagnostics.iter().map(|d| d.text()).collect()
}

fn device_accepted(body: &str) {
    assert!(
        device(body, &[]).is_empty(),
        "{body}: {:#?}",
        device(body, &[])
    );
}

fn device_refused(code: &'static str, body: &str) {
    let found = device(body, &[]);
    assert!(!found.is_empty(), "accepted: {body}");
    assert!(
        device(body, &[code]).is_empty(),
        "refused by something else than {code}: {body} {found:#?}"
    );
    for text in found {
        assert!(text.starts_with(&format!("[{code}]")), "{body}: {text}");
        assert!(
            text.contains("after an outage") && text.contains("help:"),
            "incomplete: {text}"
        );
    }
}

#[test]
fn rk06_effects_that_say_nothing_of_repetition() {
    for body in [
        "radio.send(x[0]); #[commit] y.set(0, 1);",
        "#[commit] for i in 0..8 { radio.send(x[i]); }",
        "send(x[0]);",
        "beep();",
        "println!(\"{}\", n);",
        "if n > 3 { defmt::info!(\"much\"); }",
        "#[effect] radio.send(x[0]);",
        "#[effect(exactly_once)] radio.send(x[0]);",
        "#[effect(at_most_once)] let r = f(1); y.set(0, r);",
        "#[effect(at_least_once)] radio.send(x[0]); radio.sleep();",
    ] {
        device_refused("RK06", body);
    }
}

#[test]
fn rk06_near_misses() {
    for body in [
        "#[effect(at_least_once)] radio.send(x[0]); #[commit] y.set(0, 1);",
        "#[effect(at_most_once)] radio.send(x[0]);",
        "for i in 0..8 { #[effect(at_most_once)] radio.send(x[i]); }",
        "#[commit] for i in 0..8 { #[effect(at_least_once)] radio.send(x[i]); }",
        "#[effect(at_least_once)] println!(\"{}\", n); #[effect(at_least_once)] beep();",
        "if n > 3 { #[effect(at_least_once)] { radio.wake(); radio.send(1); } }",
        "let mut a: [i8; 3] = [0; 3]; fill(&mut a); y.set(0, a[0]);",
        "#[run] transmit(&mut *radio);",
    ] {
        device_accepted(body);
    }
}

#[test]
fn rk07_what_comes_from_outside_decides_which_nvm_is_written() {
    for body in [
        "if poll() { y.set(0, 1); }",
        "let t: u16 = read(); if t > 3 { y.set(0, 1); } else { y.set(1, 1); }",
        "let t: usize = read(); y.set(t % 8, 1);",
        "match CLOCK.now() { 0 => y.set(0, 1), _ => {} }",
        "let mut k: usize = 0; if poll() { k = 3; } y.set(k, 1);",
        "let mut k: usize = 0; k += read(); y.set(k % 8, 1);",
        "if poll() { return; } y.set(0, 1);",
        "for i in 0..8 { if poll() { break; } y.set(i, 1); }",
        "let o = &y; if poll() { o.set(0, 1); }",
        "#[effect(at_least_once)] let r = radio.receive(); if r > 3 { y.set(0, 1); }",
        "#[commit(every = 2)] for i in 0..8 { let t = read(); if t > i { y.set(i, 1); } }",
        "poll() && { y.set(0, 1); true };",
        "let Some(t) = read() else { return; }; y.set(0, t);",
        "let k = { let t = read(); t % 8 }; y.set(k, 1);",
    ] {
        device_refused("RK07", body);
    }
}

#[test]
fn rk07_near_misses() {
    for body in [
        "#[sense] let t: u16 = read(); if t > 3 { y.set(0, 1); } else { y.set(1, 1); }",
        "#[sense] let t: u16 = radio.receive(); y.set(usize::from(t % 8), 1);",
        "#[commit] let t: u16 = read(); if t > 3 { y.set(0, 1); }",
        "let t: i8 = read(); y.set(0, t);",
        "let v: i8 = if poll() { 1 } else { 2 }; y.set(0, v);",
        "if poll() { #[run] other(y); }",
        "if poll() { #[commit] *s += 1; }",
        "if poll() { #[effect(at_least_once)] beep(); } y.set(0, 1);",
        "let acc = Acc::new(); if acc.empty { y.set(0, 1); }",
        "#[commit] for i in 0..8 { #[sense] let t: u16 = read(); if t > 3 { y.set(i, 1); } }",
        "if x[0] > 3 { y.set(0, 1); }",
    ] {
        device_accepted(body);
    }
}

#[test]
fn rk09_what_hides_a_write() {
    for body in [
        "COUNT.fetch_add(1, Relaxed); y.set(0, 1);",
        "COUNT.store(3, Relaxed);",
        "let p = &raw const n; y.set(0, 1);",
        "let p = &n as *const usize; y.set(0, 1);",
        "let c = core::cell::Cell::new(3); let d: &Cell<u8> = &c; y.set(0, d.get());",
        "SHARED.lock().push(n);",
        "CELL.set(n);",
        "let f = |i: usize| COUNT.swap(i, Relaxed); y.set(0, 1);",
        "unsafe { COUNT += 1; }",
    ] {
        device_refused("RK09", body);
    }
    for ty in [
        "&Cell<u8>",
        "&AtomicU32",
        "*mut u8",
        "&core::cell::RefCell<u8>",
        "&[Mutex<u8>]",
    ] {
        let (_, _, found) = common::compile(&format!("fn task(c: {ty}) {{}}"));
        assert!(
            found.iter().any(|d| d.code == Some("RK09")),
            "{ty}: {found:#?}"
        );
    }
}

#[test]
fn rk09_near_misses() {
    for body in [
        "let v = TABLE.get(n); y.set(0, v);",
        "let v = TABLE[n % 8]; y.set(0, v);",
        "y.set(0, n as i8);",
        "let mut a: [u8; 4] = [0; 4]; a.swap(0, 1); y.set(0, a[0]);",
        "let a: Option<u8> = None; y.set(0, a.unwrap_or(2));",
    ] {
        device_accepted(body);
    }
}

#[test]
fn rk10_a_task_that_calls_itself() {
    for source in [
        "fn task(y: Output<[i8; 8]>) { #[run] task(y); }",
        "fn task(y: Output<[i8; 8]>, n: usize) { if n > 3 { #[run] task(y, n - 1); } }",
        "fn task(&self, y: Output<[i8; 8]>) { #[run] self.task(y); }",
        "fn task(y: Output<[i8; 8]>) { #[run] Self::task(y); }",
        "fn task(y: Output<[i8; 8]>) { let f = |z| task(z); #[run] other(y); }",
    ] {
        let (_, _, found) = common::compile(source);
        assert!(
            found.iter().any(|d| d.code == Some("RK10")),
            "{source}: {found:#?}"
        );
        let (_, _, without) = common::compile_without(source, &["RK10"]);
        assert!(without.iter().all(|d| d.code != Some("RK10")));
    }
    for source in [
        "fn task(y: Output<[i8; 8]>) { #[run] tasks::other(y); }",
        "fn task(&self, y: Output<[i8; 8]>) { #[run] self.other.task(y); }",
        "fn task(y: Output<[i8; 8]>) { #[run] other::task(y); }",
    ] {
        let (_, _, found) = common::compile(source);
        assert!(found.is_empty(), "{source}: {found:#?}");
    }
}

#[test]
fn assumptions_are_the_authors() {
    accepted(
        "for i in 0..8 { let v = b.get(i); #[assume_idempotent(\"max is\")] b.set(i, v.max(0)); }",
    );
    accepted("#[assume_idempotent(\"only reads\")] y.set(0, sum(&b));");
    device_accepted("#[assume_idempotent(\"a pulse\")] beep();");
    // What is not assumed is still checked, and an assumption needs its reason.
    refused(
        "RK01",
        "for i in 0..8 { let v = b.get(i); #[assume_idempotent(\"x\")] c.set(i, v); b.set(i, v); }",
    );
    for body in [
        "#[assume_idempotent] beep();",
        "#[assume_idempotent(\" \")] beep();",
    ] {
        assert!(
            device(body, &["RK06"])
                .iter()
                .any(|t| t.contains("without a reason")),
            "{body}"
        );
    }
}
