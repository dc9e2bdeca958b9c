//! tmp
use rekindle::crash::Check;
use rekindle::prelude::*;
use rekindle_examples::lenet::*;
#[derive(Layout)]
struct M { image: Buffer<Image>, act: Activations, scores: Buffer<Scores> }
macro_rules! go { ($name:ident, $f:ident, $run:ident) => {
#[test] fn $name() {
    let s = rekindle_examples::idx::Samples::subset().unwrap();
    let _ = &s;
    let img: Image = image(&[77; 784]);
    let t = std::time::Instant::now();
    let r = Check::<M>::new().init(|nvm| nvm.write(|m| &mut m.image, &img)).random(10).again(false).$run(|cx, m| $f(cx, &m.image, &LENET, &mut m.act, &mut m.scores));
    println!("{} {r} {:?}", stringify!($name), t.elapsed());
} } }
go!(row_mapped, classify, run_mapped);
go!(row_bytes, classify, run_bytes);
go!(element_mapped, classify_by_element, run_mapped);
go!(element_bytes, classify_by_element, run_bytes);
