//! The most memory that a call takes: stack and heap.

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// More than any of the calls needs.
const STACK: usize = 8 << 20;
/// What an untouched byte holds.
const PAINT: u8 = 0xc5;

/// What a stack is made of.
#[derive(Clone)]
#[repr(C, align(16))]
struct Block([u8; 16]);

/// Bytes, at most.
pub struct Peak {
    /// Of a stack that only this call has.
    pub stack: usize,
    /// Beyond what was allocated before.
    pub heap: usize,
}

/// Runs `call` once on a painted stack.
pub fn peak(call: &mut impl FnMut()) -> Peak {
    let mut stack = vec![Block([PAINT; 16]); STACK / 16];
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    // SAFETY: the memory is writable, aligned, used by nothing else, and large enough; `call` does not unwind.
    unsafe { psm::on_stack(stack.as_mut_ptr().cast(), STACK, call) };
    let heap = HEAP.peak_usage().saturating_sub(before);
    // It grows downwards.
    let untouched = stack
        .iter()
        .flat_map(|block| block.0)
        .take_while(|byte| *byte == PAINT);
    Peak {
        stack: STACK - untouched.count(),
        heap,
    }
}
