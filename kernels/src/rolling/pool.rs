//! Pools, whose rows are taken one by one.

use rekindle::prelude::*;

use super::Window;
use crate::pool::Pool;

macro_rules! pool {
    ($(#[$doc:meta])* $task:ident, $sum:ty, $first:expr, $add:ident, |$layer:ident, $total:ident, $place:ident| $end:expr) => {
        $(#[$doc])*
        /// What each row of the input adds to the places of an output row is kept on the stack
        #[doc = concat!("([`sram`](super::sram::", stringify!($task), ")), so that no other row of the input is needed beside it.")]
        /// Commits after each output row.
        ///
        /// # Errors
        ///
        /// Those of the store and of the arena.
        #[intermittent_task]
        pub fn $task<
            const ROWS: usize,
            const H: usize,
            const W: usize,
            const C: usize,
            const OH: usize,
            const OW: usize,
            const KH: usize,
            const KW: usize,
            const SH: usize,
            const SW: usize,
        >(
            _window: Window<ROWS>,
            x: RollingInput<[[[i8; C]; W]; H], ROWS>,
            layer: &Pool<KH, KW, SH, SW>,
            y: RollingOutput<[[[i8; C]; OW]; OH]>,
        ) {
            #[commit]
            for r in 0..OH {
                let [rows, _] = Pool::<KH, KW, SH, SW>::place::<H, W, OH, OW>(r, 0);
                let mut totals: [[$sum; C]; OW] = [[$first; C]; OW];
                for k in 0..KH {
                    if k < rows.len {
                        let line = x.row(rows.input + k);
                        for (c, total) in totals.iter_mut().enumerate() {
                            let [_, columns] = Pool::<KH, KW, SH, SW>::place::<H, W, OH, OW>(r, c);
                            Pool::<KH, KW, SH, SW>::$add(total, line, columns);
                        }
                    }
                }
                for c in 0..OW {
                    let $place = Pool::<KH, KW, SH, SW>::place::<H, W, OH, OW>(r, c);
                    let $layer = *layer;
                    y.set([r, c], totals[c].map(|$total| $end));
                }
            }
        }
    };
}

pool! {
    /// Maximum pooling, as [`max_pool`](crate::max_pool()).
    max_pool, i8, i8::MIN, greater,
    |layer, total, _place| layer.clamp(total)
}

pool! {
    /// Average pooling, as [`average_pool`](crate::average_pool()).
    average_pool, i32, 0, add,
    |layer, total, place| layer.rounded(total, place)
}
