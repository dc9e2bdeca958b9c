//! Waiting, asleep.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embassy_time::{Duration, Timer};

/// Runs a future to its end. The core sleeps until an interrupt, of which each future's driver has one.
pub fn until<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        // An interrupt since the poll has set the event, and this returns at once.
        cortex_m::asm::wfe();
    }
}

/// Sleeps.
pub fn milliseconds(ms: u64) {
    until(Timer::after(Duration::from_millis(ms)));
}
