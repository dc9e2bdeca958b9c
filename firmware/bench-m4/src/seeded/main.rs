//! A kernel that can panic: its index comes from data. The check for panics has to find it.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[path = "../machine.rs"]
mod machine;

#[cfg(target_os = "none")]
mod kernel {
    use rekindle::prelude::*;

    /// What lives in NVM.
    #[derive(Layout)]
    pub struct Memory {
        pub x: Buffer<[i8; 8]>,
        pub y: Buffer<[i8; 8]>,
    }

    /// Picks values by other values.
    #[intermittent_task]
    pub fn pick(x: Input<[i8; 8]>, y: Output<[i8; 8]>) {
        #[commit]
        for i in 0..8 {
            y.set(i, x[x[i] as u8 as usize]);
        }
    }
}

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use rekindle::prelude::*;

    // SAFETY: the first and only use.
    let (_, memory) = unsafe { machine::take(1024) };
    let run = Nvm::<kernel::Memory, _>::open(Mapped::from_bytes(memory))
        .and_then(|mut nvm| nvm.resume_or_start(&mut [], |cx, m| kernel::pick(cx, &m.x, &mut m.y)));
    machine::exit(run.is_ok())
}

#[cfg(not(target_os = "none"))]
fn main() {}
