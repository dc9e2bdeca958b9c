//! The graph in terms of the kernels: which task does which operator, with which constants, on which buffers.

mod checks;
mod constants;
mod general;

use std::collections::HashMap;

use rekindle_kernels::{Activation, Multiplier};

use crate::forms::Form;
use crate::graph::{Graph, Node, Op, Padding, TensorId};
use crate::{ImportError, Place, Unsupported};

/// A network as a sequence of tasks.
#[derive(Clone, Debug)]
pub struct Program {
    /// Tasks in the order in which they run.
    pub layers: Vec<Layer>,
    /// What is in NVM, besides the constants.
    pub buffers: Vec<Buffer>,
}

/// Index of a buffer in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub usize);

/// An activation in NVM.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// Name of the field that holds it, or of the parameter.
    pub name: String,
    /// Sizes as the kernels take them, slowest first: rows, columns, channels; or one row of values.
    pub shape: Vec<usize>,
    /// Whose it is.
    pub role: Role,
    /// Scale and zero point of its values.
    pub quantization: Option<(f32, i8)>,
}

/// Whose a buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The caller fills it in.
    Input,
    /// The caller reads it.
    Output,
    /// The network's own.
    Activation,
}

/// How often the tasks commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commit {
    /// After each row of an output.
    #[default]
    Row,
    /// After each value, for capacitors that do not hold a row.
    Element,
}

/// One task.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Name of its constants, such as `conv1`.
    pub name: String,
    /// Where its operator stands in the file.
    pub place: Place,
    /// Which task, with its constants.
    pub kernel: Kernel,
    /// How often it commits.
    pub commit: Commit,
    /// Buffers that it reads.
    pub inputs: Vec<BufferId>,
    /// The buffer that it writes.
    pub output: BufferId,
    /// How much of it is in SRAM where NVM is not mapped.
    pub form: Form,
}

/// A task of the kernels, with its constants.
#[derive(Clone, Debug)]
pub enum Kernel {
    /// Weights `[out][row][column][in]`.
    Conv2d(Filter),
    /// Weights `[row][column][out]`.
    Depthwise(Filter),
    /// Weights `[out][in]`.
    Dense(Filter),
    /// Maximum.
    MaxPool(Pool),
    /// Average.
    AveragePool(Pool),
    /// Softmax of one row.
    Softmax {
        /// Scale of the input.
        scale: f32,
        /// Factor in the exponent.
        beta: f32,
    },
    /// Sum of two tensors of one shape.
    Add(Add),
    /// A convolution and the maximum of it, without what is between them.
    Fused(Box<Fused>),
    /// Small fully connected layers, one behind the other, with nothing stored between them: names and constants.
    Chain(Vec<(String, Filter)>),
    /// Any other operator.
    General(General),
}

/// A convolution and the maximum pooling behind it.
#[derive(Clone, Debug)]
pub struct Fused {
    /// Of the convolution.
    pub filter: Filter,
    /// Of the pooling.
    pub pool: Pool,
    /// Name of the pooling's constants.
    pub name: String,
    /// Rows and columns of what is between the two.
    pub between: [usize; 2],
}

/// A task whose constants are few.
#[derive(Clone, Debug)]
pub struct General {
    /// Module of the kernels, where it is not their root.
    pub module: Option<&'static str>,
    /// The task.
    pub task: &'static str,
    /// Type of its constants; none if it has no constants.
    pub layer: Option<&'static str>,
    /// Whether that type has parameters for the shapes of inputs and output.
    pub shaped: bool,
    /// Arguments of the type's constructor and its name, such as `new(&[0, 1])`.
    pub constructor: String,
    /// Values between two commits.
    pub tile: usize,
}

/// Constants of a layer with weights.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Sizes of the weights, slowest first, in the order that the kernel wants.
    pub shape: Vec<usize>,
    /// Weights.
    pub weight: Vec<i8>,
    /// One bias per output channel.
    pub bias: Vec<i32>,
    /// One multiplier per output channel.
    pub scale: Vec<Multiplier>,
    /// Channels of the input.
    pub channels: usize,
    /// Step, rows and columns.
    pub stride: [usize; 2],
    /// Distance of the taps, rows and columns.
    pub dilation: [usize; 2],
    /// Zero point of the input.
    pub input_zero: i8,
    /// Zero point and range of the output.
    pub activation: Activation,
}

/// Constants of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Rows and columns.
    pub window: [usize; 2],
    /// Rows and columns.
    pub stride: [usize; 2],
    /// Range of the output.
    pub range: (i8, i8),
}

/// Constants of a sum.
#[derive(Clone, Copy, Debug)]
pub struct Add {
    /// Scales and zero points of the two inputs.
    pub inputs: [(f32, i8); 2],
    /// Scale of the output.
    pub scale: f32,
    /// Zero point and range of the output.
    pub activation: Activation,
}

impl Program {
    /// Chooses the tasks for a graph.
    ///
    /// # Errors
    ///
    /// [`ImportError::Unsupported`] with every operator that no kernel does, [`ImportError::Invalid`] where shapes,
    /// types or scales contradict the operator.
    pub fn new(graph: &Graph) -> Result<Self, ImportError> {
        let mut lowering = Lowering {
            graph,
            buffers: Vec::new(),
            of: HashMap::new(),
            count: HashMap::new(),
            layers: Vec::new(),
            unsupported: Vec::new(),
        };
        lowering.ends()?;
        for node in &graph.nodes {
            lowering.node(node)?;
        }
        lowering.finish()
    }

    /// The buffer with this index.
    pub fn buffer(&self, id: BufferId) -> &Buffer {
        &self.buffers[id.0]
    }

    /// Lets all layers commit as often.
    pub fn commit(&mut self, commit: Commit) {
        for layer in &mut self.layers {
            layer.commit = commit;
        }
    }

    /// Multiply-accumulates of a layer.
    pub fn macs(&self, layer: &Layer) -> usize {
        let places = |id: BufferId| match self.buffer(id).shape[..] {
            [rows, columns, _] => rows * columns,
            _ => 1,
        };
        match &layer.kernel {
            Kernel::Conv2d(f) | Kernel::Depthwise(f) => places(layer.output) * f.weight.len(),
            Kernel::Fused(f) => f.between.iter().product::<usize>() * f.filter.weight.len(),
            Kernel::Dense(f) => f.weight.len(),
            Kernel::Chain(all) => all.iter().map(|(_, f)| f.weight.len()).sum(),
            _ => 0,
        }
    }
}

impl Filter {
    /// A depthwise filter over one channel as the convolution that it is, which takes its sums along a filter instead of
    /// across them.
    fn into_convolution(mut self) -> Self {
        let [rows, columns, out] = self.shape[..] else {
            return self;
        };
        let taps = rows * columns;
        let at = |i| self.weight[i % taps * out + i / taps];
        self.weight = (0..taps * out).map(at).collect();
        self.shape = vec![out, rows, columns, 1];
        self
    }
}

impl Buffer {
    /// Bytes of NVM.
    pub fn bytes(&self) -> usize {
        self.shape.iter().product()
    }
}

struct Lowering<'g, 'a> {
    graph: &'g Graph<'a>,
    buffers: Vec<Buffer>,
    /// The buffer of each tensor so far; a reshaped tensor shares its source's.
    of: HashMap<TensorId, BufferId>,
    count: HashMap<&'static str, usize>,
    layers: Vec<Layer>,
    unsupported: Vec<Unsupported>,
}

impl Lowering<'_, '_> {
    /// Buffers of the network's inputs, in the shape in which a kernel first takes them.
    fn ends(&mut self) -> Result<(), ImportError> {
        let several = self.graph.inputs.len() > 1;
        for (i, id) in self.graph.inputs.iter().enumerate() {
            self.int8(*id)?;
            let name = if several {
                format!("input{}", i + 1)
            } else {
                "input".to_owned()
            };
            let shape = self.wanted(*id);
            self.give(*id, name, shape, Role::Input);
        }
        Ok(())
    }

    /// The shape in which kernels take this tensor: through reshapes, to the first kernel that looks at it.
    fn wanted(&self, id: TensorId) -> Vec<usize> {
        for node in &self.graph.nodes {
            if node.inputs.first() != Some(&Some(id)) {
                continue;
            }
            match node.op {
                Op::Reshape => return self.wanted(node.output),
                // These take any.
                Op::Dense { .. } | Op::Softmax { .. } => {}
                _ => break,
            }
        }
        checks::activation_shape(&self.graph.tensor(id).shape)
    }

    fn give(&mut self, id: TensorId, name: String, shape: Vec<usize>, role: Role) -> BufferId {
        let buffer = BufferId(self.buffers.len());
        let quantization = self.graph.tensor(id).quantization.as_ref();
        let quantization =
            quantization.and_then(|q| Some((*q.scale.first()?, q.zero.try_into().ok()?)));
        self.buffers.push(Buffer {
            name,
            shape,
            role,
            quantization,
        });
        self.of.insert(id, buffer);
        buffer
    }

    fn node(&mut self, node: &Node) -> Result<(), ImportError> {
        match self.kernel(node)? {
            Ok(Lowered::Same) => {
                let source = self.of.get(&node.inputs[0].unwrap_or(node.output)).copied();
                if let Some(source) = source {
                    self.of.insert(node.output, source);
                }
            }
            Ok(Lowered::Layer(word, kernel, arguments)) => {
                self.tasks(node, word, vec![(kernel, arguments)]);
            }
            Ok(Lowered::Parts(word, parts)) => {
                let parts = parts
                    .into_iter()
                    .map(|(kernel, input)| (kernel, vec![input]));
                self.tasks(node, word, parts.collect());
            }
            Err(what) => self.unsupported.push(Unsupported {
                place: self.graph.place(node),
                what,
            }),
        }
        Ok(())
    }

    /// Tasks that make the node's output together.
    fn tasks(&mut self, node: &Node, word: &'static str, parts: Vec<(Kernel, Vec<TensorId>)>) {
        let mut output = None;
        for (kernel, arguments) in parts {
            let inputs: Option<Vec<_>> = arguments
                .iter()
                .map(|id| self.of.get(id).copied())
                .collect();
            let name = self.name(word);
            let shape = match kernel {
                Kernel::Dense(_) | Kernel::Softmax { .. } => {
                    vec![self.graph.tensor(node.output).len()]
                }
                _ => checks::activation_shape(&self.graph.tensor(node.output).shape),
            };
            let output = *output.get_or_insert_with(|| {
                self.give(node.output, name.clone(), shape, Role::Activation)
            });
            // Without all inputs an operator before this one is not supported, and that is reported.
            if let Some(inputs) = inputs {
                self.layers.push(Layer {
                    name,
                    place: self.graph.place(node),
                    kernel,
                    commit: Commit::default(),
                    inputs,
                    output,
                    form: Form::Whole,
                });
            }
        }
    }

    /// `conv1`, `conv2` …; a single one has no number.
    fn name(&mut self, word: &'static str) -> String {
        let n = self.count.entry(word).or_default();
        *n += 1;
        format!("{word}{n}")
    }

    fn finish(mut self) -> Result<Program, ImportError> {
        if !self.unsupported.is_empty() {
            return Err(ImportError::Unsupported(self.unsupported));
        }
        if self.layers.is_empty() {
            return Err(Place::Model.invalid("no operator that computes anything"));
        }
        let several = self.graph.outputs.len() > 1;
        for (i, id) in self.graph.outputs.iter().enumerate() {
            let buffer = &mut self.buffers[self.of[id].0];
            if buffer.role != Role::Activation {
                return Err(self
                    .graph
                    .tensor_place(*id)
                    .invalid("is an output, and an input or another output as well"));
            }
            buffer.role = Role::Output;
            buffer.name = if several {
                format!("output{}", i + 1)
            } else {
                "output".to_owned()
            };
        }
        for layer in &mut self.layers {
            if let Some(word) = layer.name.strip_suffix('1')
                && self.count.get(word) == Some(&1)
            {
                let buffer = &mut self.buffers[layer.output.0];
                if buffer.name == layer.name {
                    word.clone_into(&mut buffer.name);
                }
                layer.name = word.to_owned();
            }
        }
        Ok(Program {
            layers: self.layers,
            buffers: self.buffers,
        })
    }

    /// What does this operator: `Ok(Err(why))` if no kernel does.
    fn kernel(&self, node: &Node) -> Result<Result<Lowered, String>, ImportError> {
        let place = || self.graph.place(node);
        if let Op::Unsupported(what) = &node.op {
            return Ok(Err(what.clone()));
        }
        let input = checks::argument(node, 0).map_err(|e| place().invalid(e))?;
        for id in [input, node.output] {
            if let Err(what) = self.int8(id) {
                return Ok(Err(what.to_string()));
            }
        }
        let lowered = match &node.op {
            Op::Reshape => {
                let (from, to) = (self.graph.tensor(input), self.graph.tensor(node.output));
                if from.len() != to.len() {
                    return Err(
                        place().invalid("input and output have different numbers of values")
                    );
                }
                Ok(self.reshape(input, node.output))
            }
            Op::Conv2d {
                stride,
                dilation,
                fused,
                padding,
            } => {
                let filter = self
                    .filter(node, *stride, *dilation, *fused)
                    .map_err(|e| place().invalid(e))?;
                let window = extent([filter.shape[1], filter.shape[2]], *dilation);
                self.placed(node, *padding, window, *stride)?;
                Ok(Lowered::Layer("conv", Kernel::Conv2d(filter), vec![input]))
            }
            Op::Depthwise {
                stride,
                dilation,
                fused,
                padding,
            } => {
                let filter = self
                    .filter(node, *stride, *dilation, *fused)
                    .map_err(|e| place().invalid(e))?;
                let window = extent([filter.shape[0], filter.shape[1]], *dilation);
                self.placed(node, *padding, window, *stride)?;
                // Over one channel it is a convolution, which is the faster kernel where a filter has taps to sum along:
                // micro speech (10x8) takes 0.74 instead of 1.63 million instructions on a Cortex-M4; with 3x3, 1 % more.
                let (word, kernel) = match filter.channels {
                    1 if filter.shape[0] * filter.shape[1] > 16 => {
                        ("conv", Kernel::Conv2d(filter.into_convolution()))
                    }
                    _ => ("depthwise", Kernel::Depthwise(filter)),
                };
                Ok(Lowered::Layer(word, kernel, vec![input]))
            }
            Op::Dense { fused } => {
                let filter = self
                    .filter(node, [1, 1], [1, 1], *fused)
                    .map_err(|e| place().invalid(e))?;
                if self.graph.tensor(input).len() == filter.channels {
                    Ok(Lowered::Layer("dense", Kernel::Dense(filter), vec![input]))
                } else {
                    Err("a fully connected layer over several rows".to_owned())
                }
            }
            Op::MaxPool(pool) | Op::AveragePool(pool) => {
                self.placed(node, pool.padding, pool.window, pool.stride)?;
                let kernel = self.pool(node, pool).map_err(|e| place().invalid(e))?;
                Ok(Lowered::Layer("pool", kernel, vec![input]))
            }
            Op::Softmax { beta } => self.softmax(node, input, *beta),
            Op::Binary { kind, fused } => self.binary(node, *kind, *fused)?,
            Op::Unary(_)
            | Op::Mean
            | Op::Transpose
            | Op::Pad
            | Op::Concat { .. }
            | Op::Slice { .. } => self.general(node, input)?,
            Op::Unsupported(what) => Err(what.clone()),
        };
        Ok(lowered)
    }

    /// A reshape is only another view, as long as the kernels around it agree.
    fn reshape(&self, input: TensorId, output: TensorId) -> Lowered {
        let Some(buffer) = self.of.get(&input) else {
            // What makes it is not supported, and reported.
            return Lowered::Same;
        };
        let reads = |id| {
            self.graph
                .nodes
                .iter()
                .filter(move |n| n.inputs.contains(&Some(id)))
        };
        let picky = reads(output)
            .any(|n| !matches!(n.op, Op::Dense { .. } | Op::Softmax { .. } | Op::Reshape));
        let have = &self.buffers[buffer.0].shape;
        let want = checks::activation_shape(&self.graph.tensor(output).shape);
        if picky && *have != want {
            return Lowered::Layer("reshape", general::copy(), vec![input]);
        }
        Lowered::Same
    }

    fn int8(&self, id: TensorId) -> Result<(), ImportError> {
        checks::int8(self.graph.tensor(id)).map_err(|e| self.graph.tensor_place(id).invalid(e))
    }

    /// Checks the output's size against padding, window and stride.
    fn placed(
        &self,
        node: &Node,
        padding: Padding,
        window: [usize; 2],
        stride: [usize; 2],
    ) -> Result<(), ImportError> {
        checks::placed(self.graph, node, padding, window, stride)
            .map_err(|e| self.graph.place(node).invalid(e))
    }
}

/// Rows and columns from the first tap to the last.
fn extent(window: [usize; 2], dilation: [usize; 2]) -> [usize; 2] {
    [0, 1].map(|i| {
        (window[i].max(1) - 1)
            .saturating_mul(dilation[i])
            .saturating_add(1)
    })
}

/// What became of an operator.
enum Lowered {
    /// Nothing is to be done.
    Same,
    /// A task: the word for its name, the kernel, and the activations it reads.
    Layer(&'static str, Kernel, Vec<TensorId>),
    /// Tasks that write parts of one output each.
    Parts(&'static str, Vec<(Kernel, TensorId)>),
}
