//! The `LeNet` of the examples: as code, and as the planner sees it.

use rekindle::pace::Pacer;
use rekindle::prelude::*;
use rekindle_examples::lenet::{ARENA, Activations, Image, LENET, Scores};
use rekindle_examples::lenet::{classify_paced, classify_planned};
use rekindle_planner::emit_rust::{Module, module};
use rekindle_planner::program::{Board, Loop, Program, choose};
use rekindle_planner::units::Farads;

/// What the network keeps in NVM.
#[derive(Layout)]
pub struct Network {
    /// The image.
    pub image: Buffer<Image>,
    /// The layers' outputs.
    pub activations: Activations,
    /// The answer.
    pub scores: Buffer<Scores>,
}

/// Bytes of NVM.
pub const NVM: usize = Nvm::<Network, Mapped<'_>>::NEEDED;
/// Bytes of SRAM where NVM is not mapped.
pub const SRAM: usize = ARENA;

/// Which of the compiled tasks runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// At the intervals of the plan that it was compiled with.
    Planned,
    /// As its pacer says.
    Paced,
}

impl Task {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// Those of the runtime.
    pub fn run<S: Store>(self, cx: &mut Cx<'_, S>, m: &mut Network) -> Result<(), Error> {
        let Network {
            image,
            activations,
            scores,
        } = m;
        match self {
            Self::Planned => classify_planned(cx, image, &LENET, activations, scores),
            Self::Paced => classify_paced(cx, image, &LENET, activations, scores),
        }
    }
}

/// Commits at each n-th iteration of a paced loop: a static interval that is chosen when the program runs.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    n: u32,
    left: u32,
}

impl Interval {
    /// After each `n`-th.
    pub const fn new(n: u32) -> Self {
        Self { n, left: n }
    }
}

impl Pacer for Interval {
    fn due(&mut self, _work: u32) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }
    fn committed(&mut self) {
        self.left = self.n;
    }
}

/// The network as the planner sees it; `every` has to be set.
pub fn program() -> Program {
    let l = |name: &str, iterations, units, writes, input| Loop {
        name: name.to_owned(),
        iterations,
        units,
        writes,
        input,
        every: 1,
        tile: None,
    };
    Program {
        loops: vec![
            l("conv1", 28 * 28, 5 * 5 * 12, 12, 28 * 28),
            l("pool1", 14 * 14, 2 * 2 * 12, 12, 28 * 28 * 12),
            l("conv2", 14 * 14, 5 * 5 * 12 * 16, 16, 14 * 14 * 12),
            l("pool2", 7 * 7, 2 * 2 * 16, 16, 14 * 14 * 16),
            l("fc1", 32, 784, 1, 784),
            l("fc2", 10, 32, 1, 32),
            l("softmax", 0, 0, 10, 10),
        ],
    }
}

/// The plan of the network as a Rust module, for the Cortex-M4 board with 100 µF, 64 KiB of SRAM and 32 KiB of NVM.
///
/// # Errors
///
/// The name of a layer of which no iteration fits a power cycle.
pub fn plan() -> Result<String, String> {
    let board = Board::nrf52840_spi_fram().with(Farads(100e-6));
    Ok(module(&Module {
        command: "cargo run -p rekindle-powered -- plan",
        program: &choose(&board, program())?,
        board: &board,
        margin: 0.95,
        sram_bytes: 64 << 10,
        nvm_bytes: 32 << 10,
    }))
}
