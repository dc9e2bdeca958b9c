//! Layers of a network as the cost models see them.

use std::fmt;
use std::str::FromStr;

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Convolution, stride 1, no padding.
    Conv,
    /// Fully connected: a convolution whose kernel is the whole input.
    FullyConnected,
    /// Global average pool.
    GlobalPool,
}

/// Shape of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// What it computes.
    pub kind: Kind,
    /// Input channels (N).
    pub inputs: u64,
    /// Input rows (H).
    pub height: u64,
    /// Input columns (W).
    pub width: u64,
    /// Output channels (M).
    pub outputs: u64,
    /// Kernel rows.
    pub kernel_height: u64,
    /// Kernel columns.
    pub kernel_width: u64,
}

impl Layer {
    /// Output rows (R).
    pub const fn rows(&self) -> u64 {
        self.height - self.kernel_height + 1
    }

    /// Output columns (C).
    pub const fn columns(&self) -> u64 {
        self.width - self.kernel_width + 1
    }

    /// Multiply-accumulates.
    pub const fn macs(&self) -> u64 {
        match self.kind {
            Kind::GlobalPool => 0,
            _ => self.rows() * self.columns() * self.outputs * self.weights() / self.outputs,
        }
    }

    /// Weights without biases, as the reference counts them.
    pub const fn weights(&self) -> u64 {
        match self.kind {
            Kind::GlobalPool => 0,
            _ => self.kernel_height * self.kernel_width * self.inputs * self.outputs,
        }
    }
}

/// Why a layer's text was not understood.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a layer: expected `conv|fc|pool 3x32x32 -> 16, 3x3`, {problem}")]
pub struct LayerError {
    text: String,
    problem: &'static str,
}

impl FromStr for Layer {
    type Err = LayerError;

    fn from_str(text: &str) -> Result<Self, LayerError> {
        let fail = |problem| LayerError {
            text: text.to_owned(),
            problem,
        };
        let (kind, rest) = text
            .trim()
            .split_once(' ')
            .ok_or_else(|| fail("and there is one word only"))?;
        let kind = match kind {
            "conv" => Kind::Conv,
            "fc" => Kind::FullyConnected,
            "pool" => Kind::GlobalPool,
            _ => return Err(fail("and the kind is unknown")),
        };
        let (input, rest) = rest
            .split_once("->")
            .ok_or_else(|| fail("and `->` is missing"))?;
        let (outputs, kernel) = rest
            .split_once(',')
            .ok_or_else(|| fail("and the kernel is missing"))?;
        let sizes = |part: &str| -> Result<Vec<u64>, LayerError> {
            part.split('x')
                .map(|n| match n.trim().parse() {
                    Ok(n) if n > 0 => Ok(n),
                    _ => Err(fail("and a size is not a number above zero")),
                })
                .collect()
        };
        let (input, outputs, kernel) = (sizes(input)?, sizes(outputs)?, sizes(kernel)?);
        let (&[inputs, height, width], &[outputs], &[kernel_height, kernel_width]) =
            (&input[..], &outputs[..], &kernel[..])
        else {
            return Err(fail("and a shape has the wrong number of sizes"));
        };
        if kernel_height > height || kernel_width > width {
            return Err(fail("and the kernel is larger than the input"));
        }
        Ok(Self {
            kind,
            inputs,
            height,
            width,
            outputs,
            kernel_height,
            kernel_width,
        })
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Conv => "conv",
            Kind::FullyConnected => "fc",
            Kind::GlobalPool => "pool",
        };
        write!(
            f,
            "{kind} {}x{}x{} -> {}, {}x{}",
            self.inputs,
            self.height,
            self.width,
            self.outputs,
            self.kernel_height,
            self.kernel_width
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_reads_as_it_prints() {
        let text = "conv 3x32x32 -> 16, 3x3";
        let layer: Layer = text.parse().unwrap();
        assert_eq!(layer.to_string(), text);
        assert_eq!((layer.rows(), layer.columns()), (30, 30));
        assert_eq!(layer.macs(), 30 * 30 * 16 * 27);
    }

    #[test]
    fn a_kernel_larger_than_its_input_is_refused() {
        assert!("conv 3x4x4 -> 16, 5x5".parse::<Layer>().is_err());
        assert!("conv 3x4 -> 16, 5x5".parse::<Layer>().is_err());
        assert!("conv 3x4x0 -> 16, 1x1".parse::<Layer>().is_err());
    }
}
