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
        "println!(\"{}\", b.get(0));",
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
        "#[commit(paced)] for i in 0..n { y.set(i, 0); }",
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
