//! The design space: tile sizes, loop order, preservation batch.

use std::fmt;
use std::str::FromStr;

use crate::layer::{Kind, Layer};

/// Which operand stays while the others move: the innermost tile loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Rows, columns, inputs, outputs.
    Input,
    /// Outputs, inputs, rows, columns.
    Weight,
    /// Rows, columns, outputs, inputs.
    Output,
}

/// One point of the space, for one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Design {
    /// Output rows of a tile.
    pub rows: u64,
    /// Output columns of a tile.
    pub columns: u64,
    /// Output channels of a tile.
    pub outputs: u64,
    /// Input channels of a tile.
    pub inputs: u64,
    /// Loop order.
    pub order: Order,
    /// Tiles per power cycle.
    pub batch: u64,
}

impl Design {
    /// Values of working memory the design needs.
    pub const fn sram_values(&self, layer: &Layer) -> u64 {
        if let Kind::GlobalPool = layer.kind {
            return self.rows * self.columns * self.outputs + self.outputs * self.batch;
        }
        let input = (self.rows + layer.kernel_height - 1)
            * (self.columns + layer.kernel_width - 1)
            * self.inputs;
        let weights = layer.kernel_height * layer.kernel_width * self.outputs * self.inputs;
        let kept = match self.order {
            Order::Output => 1,
            Order::Input | Order::Weight => self.batch,
        };
        input + weights + self.rows * self.columns * self.outputs * kept
    }
}

impl fmt::Display for Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            Order::Input => 'I',
            Order::Weight => 'W',
            Order::Output => 'O',
        };
        write!(
            f,
            "{}_{}_{}_{}_{order}_{}",
            self.rows, self.columns, self.outputs, self.inputs, self.batch
        )
    }
}

/// The text is not `Tr_Tc_Tm_Tn_order_S`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a design: expected `Tr_Tc_Tm_Tn_order_S`, order I, W or O")]
pub struct DesignError(String);

impl FromStr for Design {
    type Err = DesignError;

    fn from_str(text: &str) -> Result<Self, DesignError> {
        let fail = || DesignError(text.to_owned());
        let parts: Vec<&str> = text.split('_').collect();
        let &[rows, columns, outputs, inputs, order, batch] = &parts[..] else {
            return Err(fail());
        };
        let size = |n: &str| n.parse().ok().filter(|n| *n > 0).ok_or_else(fail);
        Ok(Self {
            rows: size(rows)?,
            columns: size(columns)?,
            outputs: size(outputs)?,
            inputs: size(inputs)?,
            order: match order {
                "I" => Order::Input,
                "W" => Order::Weight,
                "O" => Order::Output,
                _ => return Err(fail()),
            },
            batch: size(batch)?,
        })
    }
}

/// Divisors in ascending order.
pub(crate) fn divisors(n: u64) -> Vec<u64> {
    (1..=n).filter(|d| n.is_multiple_of(*d)).collect()
}

/// One and the even divisors: what the vector unit and the batch counter of the reference accept.
pub(crate) fn even_divisors(n: u64) -> Vec<u64> {
    (1..=n)
        .filter(|d| (*d == 1 || d % 2 == 0) && n.is_multiple_of(*d))
        .collect()
}
