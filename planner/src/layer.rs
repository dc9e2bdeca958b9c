//! Layers of a network as the cost models see them.

use std::fmt;
use std::str::FromStr;

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Convolution.
    Conv,
    /// Convolution of each channel with a kernel of its own; as many outputs as inputs.
    Depthwise,
    /// Fully connected: a convolution whose kernel is the whole input.
    FullyConnected,
    /// Global average pool.
    GlobalPool,
    /// Sum of two activations of this shape, value by value.
    Add,
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
    /// Input rows, and columns, from one output to the next.
    pub stride: u64,
    /// Zeros around the input, so that there are `height / stride` output rows, rounded up, and columns likewise.
    pub padded: bool,
}

impl Layer {
    /// Output rows (R).
    pub const fn rows(&self) -> u64 {
        self.extent(self.height, self.kernel_height)
    }

    /// Output columns (C).
    pub const fn columns(&self) -> u64 {
        self.extent(self.width, self.kernel_width)
    }

    const fn extent(&self, size: u64, kernel: u64) -> u64 {
        if self.padded {
            size.div_ceil(self.stride)
        } else {
            (size - kernel) / self.stride + 1
        }
    }

    /// Input rows, zeros around it included, that so many output rows are computed from.
    pub const fn input_rows(&self, rows: u64) -> u64 {
        (rows - 1) * self.stride + self.kernel_height
    }

    /// Input columns, zeros around it included, that so many output columns are computed from.
    pub const fn input_columns(&self, columns: u64) -> u64 {
        (columns - 1) * self.stride + self.kernel_width
    }

    /// Multiply-accumulates.
    pub const fn macs(&self) -> u64 {
        match self.kind {
            Kind::GlobalPool | Kind::Add => 0,
            _ => self.rows() * self.columns() * self.weights(),
        }
    }

    /// Weights without biases, as the reference counts them.
    pub const fn weights(&self) -> u64 {
        match self.kind {
            Kind::GlobalPool | Kind::Add => 0,
            Kind::Depthwise => self.kernel_height * self.kernel_width * self.inputs,
            _ => self.kernel_height * self.kernel_width * self.inputs * self.outputs,
        }
    }
}

/// Why a layer's text was not understood.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{text}` is not a layer: expected `conv|depthwise|fc|pool|add 3x32x32 -> 16, 3x3[, stride 2][, padded]`, {problem}"
)]
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
            "depthwise" => Kind::Depthwise,
            "fc" => Kind::FullyConnected,
            "pool" => Kind::GlobalPool,
            "add" => Kind::Add,
            _ => return Err(fail("and the kind is unknown")),
        };
        let (input, rest) = rest
            .split_once("->")
            .ok_or_else(|| fail("and `->` is missing"))?;
        let mut rest = rest.split(',').map(str::trim);
        let outputs = rest.next().unwrap_or_default();
        let kernel = rest
            .next()
            .ok_or_else(|| fail("and the kernel is missing"))?;
        let (mut stride, mut padded) = (1, false);
        for word in rest {
            match word.strip_prefix("stride ").map(str::parse) {
                Some(Ok(n)) if n > 0 => stride = n,
                None if word == "padded" => padded = true,
                _ => return Err(fail("and something follows the kernel")),
            }
        }
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
        if !padded && (kernel_height > height || kernel_width > width) {
            return Err(fail("and the kernel is larger than the input"));
        }
        if kind == Kind::Depthwise && inputs != outputs {
            return Err(fail("and a depthwise one has as many outputs as inputs"));
        }
        let plain = (inputs, 1, 1, 1) == (outputs, kernel_height, kernel_width, stride);
        if kind == Kind::Add && (!plain || padded) {
            return Err(fail(
                "and a sum has the shape of its inputs, and a kernel of 1x1",
            ));
        }
        Ok(Self {
            kind,
            inputs,
            height,
            width,
            outputs,
            kernel_height,
            kernel_width,
            stride,
            padded,
        })
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Conv => "conv",
            Kind::Depthwise => "depthwise",
            Kind::FullyConnected => "fc",
            Kind::GlobalPool => "pool",
            Kind::Add => "add",
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
        )?;
        if self.stride > 1 {
            write!(f, ", stride {}", self.stride)?;
        }
        if self.padded {
            f.write_str(", padded")?;
        }
        Ok(())
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
    fn strides_and_padding_make_the_shapes_that_tflite_has() {
        for (text, rows, macs) in [
            ("conv 3x32x32 -> 16, 3x3, stride 2", 15, 15 * 15 * 16 * 27),
            (
                "conv 3x32x32 -> 16, 3x3, stride 2, padded",
                16,
                16 * 16 * 16 * 27,
            ),
            (
                "conv 3x49x49 -> 16, 5x5, stride 2, padded",
                25,
                25 * 25 * 16 * 75,
            ),
            ("depthwise 8x10x10 -> 8, 3x3, padded", 10, 10 * 10 * 8 * 9),
            ("add 8x10x10 -> 8, 1x1", 10, 0),
        ] {
            let layer: Layer = text.parse().unwrap();
            assert_eq!(layer.to_string(), text);
            assert_eq!((layer.rows(), layer.macs()), (rows, macs), "{text}");
        }
        for text in [
            "conv 3x32x32 -> 16, 3x3, stride 0",
            "conv 3x32x32 -> 16, 3x3, dilated",
            "depthwise 8x10x10 -> 9, 3x3",
            "add 8x10x10 -> 9, 1x1",
            "add 8x10x10 -> 8, 3x3",
        ] {
            assert!(text.parse::<Layer>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_kernel_larger_than_its_input_is_refused() {
        assert!("conv 3x4x4 -> 16, 5x5".parse::<Layer>().is_err());
        assert!("conv 3x4 -> 16, 5x5".parse::<Layer>().is_err());
        assert!("conv 3x4x0 -> 16, 1x1".parse::<Layer>().is_err());
    }
}
