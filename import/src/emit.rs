//! A program as Rust that a person can read, and its constants as a file that the Rust includes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rekindle_kernels::Activation;

use crate::Place;
use crate::forms::Form;
use crate::memory::{Need, Shared, of_role};
use crate::program::{
    Add, Buffer, BufferId, Commit, Filter, General, Kernel, Layer, Pool, Program, Role,
};

/// Names in what is written.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The model, in the documentation.
    pub model: &'a str,
    /// The file of constants, relative to the Rust file.
    pub data: &'a str,
}

/// The constants: biases and multipliers of all layers, then weights of all layers, little-endian.
pub fn data(program: &Program) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (_, f) in filters(program) {
        bytes.extend(f.bias.iter().flat_map(|b| b.to_le_bytes()));
        let parts = f.scale.iter().map(|s| s.parts());
        bytes.extend(
            parts
                .flat_map(|(q, shift)| [q, shift])
                .flat_map(i32::to_le_bytes),
        );
    }
    for (_, f) in filters(program) {
        bytes.extend(f.weight.iter().map(|w| w.cast_unsigned()));
    }
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The Rust module. Its head is a plain comment, so that the text can also be included into a module.
pub fn rust(
    program: &Program,
    places: &[Shared],
    need: Need,
    plan: Option<&str>,
    names: Names,
) -> String {
    let mut text = head(program, need, names);
    let parts = [
        imports(program),
        ends(program),
        weights(program, names),
        network(program),
        memory(program, places, need),
        task(program, places),
        plan.map(planned).unwrap_or_default(),
    ];
    for part in parts.iter().filter(|p| !p.is_empty()) {
        text.push('\n');
        text += &formatted(part);
    }
    text
}

/// The items of `text` as `rustfmt` would have them, with a line between them.
fn formatted(text: &str) -> String {
    // What this module writes is Rust; if it were not, the text as it is would show where.
    let Ok(syn::File { items, .. }) = syn::parse_file(text) else {
        return text.to_owned();
    };
    let mut out = String::new();
    let mut last_is_use = false;
    for item in items {
        let is_use = matches!(item, syn::Item::Use(_));
        if !out.is_empty() && (!is_use || !last_is_use) {
            out.push('\n');
        }
        last_is_use = is_use;
        let file = syn::File {
            shebang: None,
            frontmatter: None,
            attrs: Vec::new(),
            items: vec![item],
        };
        out += &prettyplease::unparse(&file);
    }
    out
}

/// Names and constants of what has weights.
fn filters(program: &Program) -> impl Iterator<Item = (&str, &Filter)> {
    program.layers.iter().flat_map(|layer| {
        let one = |f| vec![(&*layer.name, f)];
        match &layer.kernel {
            Kernel::Conv2d(f) | Kernel::Depthwise(f) | Kernel::Dense(f) => one(f),
            Kernel::Fused(f) => one(&f.filter),
            Kernel::Chain(all) => all.iter().map(|(name, f)| (&**name, f)).collect(),
            _ => Vec::new(),
        }
    })
}

fn head(program: &Program, need: Need, names: Names) -> String {
    let macs: usize = program.layers.iter().map(|l| program.macs(l)).sum();
    let mut text = format!(
        "// `{}`, made by `rekindle import`: change the model, and not this file.\n//\n\
         // {macs} multiply-accumulates, {} bytes of constants, {} bytes of NVM for inputs, outputs and activations, and\n\
         // {} bytes of SRAM where NVM is not memory-mapped.\n//\n\
         // | layer | made from | output | multiply-accumulates |\n// | --- | --- | --- | ---: |\n",
        names.model,
        need.constants,
        need.nvm,
        need.sram(),
    );
    for layer in &program.layers {
        let shape = &program.buffer(layer.output).shape;
        let macs = program.macs(layer);
        let _ = writeln!(
            text,
            "// | `{}` | {} | {} | {macs} |",
            layer.name,
            operator(&layer.place),
            times(shape)
        );
    }
    text
}

/// The operator, without the tensor's name: those are long, and known to TensorFlow only.
fn operator(place: &Place) -> String {
    match place {
        Place::Operator { index, kind, .. } => format!("operator {index}, {kind}"),
        other => other.to_string(),
    }
}

fn imports(program: &Program) -> String {
    let mut types = BTreeSet::new();
    let mut tasks = BTreeSet::new();
    for layer in &program.layers {
        match layer.form {
            Form::Whole => {}
            Form::Rolling(_) => drop(types.insert("rolling")),
            Form::Tiles(_) => drop(types.insert("tiled")),
        }
        if let Kernel::General(general) = &layer.kernel {
            match general.module {
                Some(module) => drop(types.insert(module)),
                None => {
                    types.extend(general.layer);
                    if layer.form == Form::Whole {
                        tasks.insert(general.task);
                    }
                }
            }
            for word in ["Activation", "Quantization"] {
                if general.constructor.contains(word) {
                    types.insert(word);
                }
            }
            continue;
        }
        let (ty, task) = kernel_names(&layer.kernel);
        types.insert(ty);
        if let Kernel::Fused(_) = layer.kernel {
            types.extend(["Between", "Pool"]);
        }
        if matches!(layer.kernel, Kernel::Chain(_)) {
            // A task of its own.
        } else if layer.commit == Commit::Row && layer.form == Form::Whole {
            tasks.insert(task);
        }
        if !matches!(
            layer.kernel,
            Kernel::Softmax { .. } | Kernel::MaxPool(_) | Kernel::AveragePool(_)
        ) {
            types.insert("Activation");
        }
    }
    let zerocopy = if filters(program).next().is_some() {
        types.insert("multipliers");
        "use rekindle::zerocopy::{self, FromBytes};\n"
    } else {
        ""
    };
    let by_element = program.layers.iter().any(|l| {
        l.commit == Commit::Element
            && l.form == Form::Whole
            && !matches!(l.kernel, Kernel::General(_))
    });
    if by_element {
        types.insert("by_element");
    }
    format!(
        "use rekindle::prelude::*;\n{zerocopy}use rekindle_kernels::{{{}}};\n{}",
        list(types),
        if tasks.is_empty() {
            String::new()
        } else {
            format!("use rekindle_kernels::{{{}}};\n", list(tasks))
        },
    )
}

/// Types of what goes in and comes out, and what the values stand for.
fn ends(program: &Program) -> String {
    let mut text = String::new();
    for (role, what) in [
        (Role::Input, "What the network takes"),
        (Role::Output, "What the network gives"),
    ] {
        for buffer in of_role(program, role) {
            let (ty, shape) = (type_name(&buffer.name), times(&buffer.shape));
            let _ = writeln!(
                text,
                "/// {what}, {shape}.\npub type {ty} = {};",
                nested("i8", &buffer.shape)
            );
            if let Some((scale, zero)) = buffer.quantization {
                let scale = literal(scale);
                let upper = buffer.name.to_uppercase();
                let _ = writeln!(
                    text,
                    "/// A value `v` of [`{ty}`] stands for `{upper}_SCALE * (v - {upper}_ZERO)`.\n\
                     pub const {upper}_SCALE: f32 = {scale};\n\
                     /// The value of [`{ty}`] that stands for 0.\npub const {upper}_ZERO: i8 = {zero};"
                );
            }
        }
    }
    text
}

fn weights(program: &Program, names: Names) -> String {
    // Fields that all begin with the name of the only layer.
    let allow = match filters(program).count() {
        0 => return String::new(),
        1 => "#[allow(clippy::struct_field_names)]\n",
        _ => "",
    };
    let mut text = format!(
        "/// The file of constants.\n{allow}#[derive(FromBytes)]\n#[zerocopy(crate = \"rekindle::zerocopy\")]\n#[repr(C)]\nstruct Weights {{\n"
    );
    for (name, f) in filters(program) {
        let n = f.bias.len();
        let _ = writeln!(
            text,
            "{name}_bias: [i32; {n}],\n{name}_scale: [[i32; 2]; {n}],"
        );
    }
    for (name, f) in filters(program) {
        let _ = writeln!(text, "{name}_weight: {},", nested("i8", &f.shape));
    }
    let _ = writeln!(
        text,
        "}}\n/// Not in the firmware: only the layers made from it are.\n\
         const W: Weights = zerocopy::transmute!(*include_bytes!({:?}));",
        names.data
    );
    text
}

fn network(program: &Program) -> String {
    let mut fields = String::new();
    let mut values = String::new();
    for layer in &program.layers {
        let (inputs, output) = (
            shapes(program, layer),
            times(&program.buffer(layer.output).shape),
        );
        if let Kernel::Chain(all) = &layer.kernel {
            for (name, f) in all {
                let (ty, value) = fixed(name, &Kernel::Dense(f.clone()));
                let [o, i] = [0, 1].map(|axis| f.shape.get(axis).copied().unwrap_or(1));
                let _ = writeln!(fields, "/// {i} → {o}.\npub {name}: {ty},");
                let _ = writeln!(values, "{name}: {value},");
            }
            continue;
        }
        let Some((ty, value)) = constant(program, layer) else {
            continue;
        };
        let _ = writeln!(
            fields,
            "/// {inputs} → {output}.\npub {}: {ty},",
            layer.name
        );
        let _ = writeln!(values, "{}: {value},", layer.name);
        if let Kernel::Fused(f) = &layer.kernel {
            let (ty, value) = fixed(&f.name, &Kernel::MaxPool(f.pool));
            let between = f.between.map(|n| n.to_string()).join("×");
            let _ = writeln!(
                fields,
                "/// Of the {between} that `{}` makes.\npub {}: {ty},",
                layer.name, f.name
            );
            let _ = writeln!(values, "{}: {value},", f.name);
        }
    }
    let shaped = |l: &Layer| matches!(&l.kernel, Kernel::General(g) if g.shaped);
    let allow = if program.layers.iter().any(shaped) {
        "#[allow(clippy::type_complexity)]\n"
    } else {
        ""
    };
    format!(
        "/// The network's layers: constants, in flash on a device.\n{allow}#[derive(Debug)]\npub struct Network {{\n{fields}}}\n\
         /// The trained network.\n#[allow(long_running_const_eval)]\npub static NETWORK: Network = Network {{\n{values}}};\n"
    )
}

/// Type and value of a layer's constants, if it has any.
fn constant(program: &Program, layer: &Layer) -> Option<(String, String)> {
    let Layer { name, kernel, .. } = layer;
    if let Kernel::General(general) = kernel {
        return named(program, layer, general);
    }
    Some(fixed(name, kernel))
}

/// `Mean<[[i8; 8]; 8], [i8; 8]>` and what makes it.
fn named(program: &Program, layer: &Layer, general: &General) -> Option<(String, String)> {
    let ty = general.layer?;
    let path = general
        .module
        .map_or(ty.to_owned(), |module| format!("{module}::{ty}"));
    let mut parameters = Vec::new();
    if general.shaped {
        let ends = layer.inputs.iter().chain([&layer.output]);
        parameters.extend(ends.map(|id| nested("i8", &program.buffer(*id).shape)));
    }
    if layer.commit == Commit::Element {
        parameters.push("1".to_owned());
    }
    let parameters = match &parameters[..] {
        [] => String::new(),
        all => format!("<{}>", all.join(", ")),
    };
    Some((
        format!("{path}{parameters}"),
        format!("{path}::{}", general.constructor),
    ))
}

fn fixed(name: &str, kernel: &Kernel) -> (String, String) {
    let from_file = |ty: &str, f: &Filter, zero: bool| {
        let zero = if zero {
            format!("{}, ", f.input_zero)
        } else {
            String::new()
        };
        format!(
            "{ty}::new(W.{name}_weight, W.{name}_bias, multipliers(W.{name}_scale), {zero}{})",
            activation(f.activation)
        )
    };
    match kernel {
        Kernel::Conv2d(f) => {
            let (&[m, kh, kw, c], [sh, sw]) = (&f.shape[..], f.stride) else {
                return Default::default();
            };
            (
                format!("Conv2d<{kh}, {kw}, {c}, {m}, {sh}, {sw}{}>", dilation(f)),
                from_file("Conv2d", f, true),
            )
        }
        Kernel::Depthwise(f) => {
            let (&[kh, kw, m], [sh, sw], c) = (&f.shape[..], f.stride, f.channels) else {
                return Default::default();
            };
            (
                format!("Depthwise<{kh}, {kw}, {c}, {m}, {sh}, {sw}{}>", dilation(f)),
                from_file("Depthwise", f, true),
            )
        }
        Kernel::Dense(f) => {
            let (o, i) = (f.shape[0], f.shape[1]);
            (format!("Dense<{i}, {o}>"), from_file("Dense", f, true))
        }
        Kernel::MaxPool(pool) | Kernel::AveragePool(pool) => {
            let Pool {
                window: [kh, kw],
                stride: [sh, sw],
                range: (min, max),
            } = pool;
            let value = match (*min, *max) {
                (i8::MIN, i8::MAX) => "Pool::new()".to_owned(),
                (min, max) => format!("Pool::clamped({min}, {max})"),
            };
            (format!("Pool<{kh}, {kw}, {sh}, {sw}>"), value)
        }
        Kernel::Softmax { scale, beta } => (
            "Softmax".to_owned(),
            format!("Softmax::new({}, {})", literal(*scale), literal(*beta)),
        ),
        Kernel::Add(Add {
            inputs: [(s1, z1), (s2, z2)],
            scale,
            activation: a,
        }) => (
            "Add".to_owned(),
            format!(
                "Add::new([{}, {}], [{z1}, {z2}], {}, {})",
                literal(*s1),
                literal(*s2),
                literal(*scale),
                activation(*a)
            ),
        ),
        Kernel::Fused(f) => fixed(name, &Kernel::Conv2d(f.filter.clone())),
        Kernel::Chain(_) | Kernel::General(_) => Default::default(),
    }
}

/// More parameters of a filter whose taps are apart.
fn dilation(filter: &Filter) -> String {
    match filter.dilation {
        [1, 1] => String::new(),
        [rows, columns] => format!(", {rows}, {columns}"),
    }
}

pub fn activation(Activation { zero, min, max }: Activation) -> String {
    match (min, max) {
        (i8::MIN, i8::MAX) => format!("Activation::linear({zero})"),
        (min, i8::MAX) if min == zero => format!("Activation::relu({zero})"),
        _ => format!("Activation {{ zero: {zero}, min: {min}, max: {max} }}"),
    }
}

fn memory(program: &Program, places: &[Shared], need: Need) -> String {
    let mut text = format!(
        "/// Arena that the network needs where NVM is not memory-mapped, in bytes.\npub const ARENA: usize = {};\n\
         /// Stack that tiles and sums take, in bytes.\npub const TILES: usize = {};\n\
         /// NVM that its inputs, outputs and activations take, in bytes.\npub const NVM: usize = {};\n",
        grouped(need.arena),
        grouped(need.tiles),
        grouped(need.nvm)
    );
    text += &sram(program);
    for buffer in of_role(program, Role::Activation) {
        let (ty, index) = (nested("i8", &buffer.shape), index(buffer));
        let _ = writeln!(
            text,
            "/// Output of `{}`.\npub const {index}: As<{ty}> = As::new();",
            buffer.name
        );
    }
    text += "/// The activations between the layers, in NVM; no two in one place are needed at the same time.\n\
             #[derive(Layout)]\npub struct Activations {\n";
    for Shared {
        name,
        bytes,
        tenants,
    } in places
    {
        let tenants = tenants
            .iter()
            .map(|id| format!("[`{}`]", index(program.buffer(*id))));
        let tenants: Vec<_> = tenants.collect();
        let _ = writeln!(
            text,
            "/// {}.\npub {name}: Overlay<{bytes}>,",
            tenants.join(", ")
        );
    }
    let ends = [Role::Input, Role::Output].map(|role| of_role(program, role));
    let ends = ends
        .into_iter()
        .flatten()
        .map(|b| format!("size_of::<{}>()", type_name(&b.name)));
    let ends: Vec<_> = ends.collect();
    let _ = writeln!(
        text,
        "}}\nconst TAKEN: usize = Activations::SIZE + {};\n\
         /// Holds this file to what it says of its memory.\nconst _: () = assert!(TAKEN == NVM);",
        ends.join(" + ")
    );
    text
}

/// What each layer takes of the arena, and its tiles or sums of the stack, as the compiler sees it.
fn sram(program: &Program) -> String {
    let mut text = String::new();
    if program.layers.iter().any(|l| l.form == Form::Whole) {
        text += "/// What a layer has in the arena: inputs, output, and a bit for each byte of output.\n\
                 const fn in_arena(inputs: usize, output: usize) -> usize {\n\
                 inputs + output + output.div_ceil(8) + 16\n}\n";
    }
    text += "/// Holds this file to what it says of SRAM.\nconst _: () = {\n";
    let size = |id: BufferId| format!("size_of::<{}>()", nested("i8", &program.buffer(id).shape));
    for layer in &program.layers {
        let name = &layer.name;
        let _ = match (layer.form, tile_bytes(layer)) {
            (Form::Tiles(_), Some(bytes)) => writeln!(text, "assert!({bytes} <= TILES, {name:?});"),
            (Form::Tiles(tiles), None) => {
                writeln!(text, "assert!({} <= TILES, {name:?});", tiles.bytes)
            }
            (Form::Rolling(rolling), _) => {
                let ty = |id: BufferId| nested("i8", &program.buffer(id).shape);
                let ends = layer.inputs.iter().chain([&layer.output]).map(|id| ty(*id));
                let ends: Vec<_> = ends.collect();
                let sums = kernel_names(&layer.kernel).1;
                if rolling.stack > 0 {
                    let _ = writeln!(
                        text,
                        "assert!(rolling::sram::{sums}::<{}>() <= TILES, {name:?});",
                        ty(layer.output)
                    );
                }
                writeln!(
                    text,
                    "assert!(rolling::sram::arena::<{}, {}>() <= ARENA, {name:?});",
                    rolling.rows,
                    ends.join(", ")
                )
            }
            (Form::Whole, _) => {
                let inputs: Vec<_> = layer.inputs.iter().map(|id| size(*id)).collect();
                let output = size(layer.output);
                writeln!(
                    text,
                    "assert!(in_arena({}, {output}) <= ARENA, {name:?});",
                    inputs.join(" + ")
                )
            }
        };
    }
    text + "};\n"
}

/// What the kernels say of a tile.
fn tile_bytes(layer: &Layer) -> Option<String> {
    let function = match &layer.kernel {
        Kernel::Conv2d(_) => "conv2d",
        Kernel::Depthwise(_) => "depthwise",
        Kernel::Dense(_) => "dense",
        Kernel::MaxPool(_) => "max_pool",
        Kernel::AveragePool(_) => "average_pool",
        Kernel::Softmax { .. } => {
            return Some(format!("tiled::sram::piece({})", tile(layer)?));
        }
        Kernel::Add(_) => return Some(format!("tiled::sram::add({})", tile(layer)?)),
        Kernel::Fused(_) | Kernel::Chain(_) | Kernel::General(_) => return None,
    };
    let tile = tile(layer).map_or(String::new(), |tile| tile + ", ");
    Some(format!(
        "tiled::sram::{function}({tile}&NETWORK.{})",
        layer.name
    ))
}

/// `CONV1`, of what an overlay holds.
fn index(buffer: &Buffer) -> String {
    buffer.name.to_uppercase()
}

fn task(program: &Program, places: &[Shared]) -> String {
    let parameters = |role, kind: &str| {
        let all =
            of_role(program, role).map(|b| format!("{}: {kind}<{}>", b.name, type_name(&b.name)));
        all.collect::<Vec<_>>().join(", ")
    };
    let chains: String = program
        .layers
        .iter()
        .filter_map(|l| chain(program, l))
        .collect();
    let mut text = format!(
        "{chains}/// Runs the network once; commits after each row of an output, `by_element` after each value.\n///\n/// # Errors\n///\n\
         /// Those of the store and of the arena.\n#[intermittent_task]\n\
         pub fn infer({}, net: &Network, mem: &mut Activations, {}) {{\n",
        parameters(Role::Input, "Input"),
        parameters(Role::Output, "Output"),
    );
    for layer in &program.layers {
        let task = match &layer.kernel {
            Kernel::Chain(_) => &layer.name,
            kernel => kernel_names(kernel).1,
        };
        let path = match (&layer.kernel, layer.commit) {
            (Kernel::General(General { task: "add", .. }), _) if layer.tiles().is_some() => {
                "tiled::broadcast_".to_owned()
            }
            _ if layer.tiles().is_some() => "tiled::".to_owned(),
            _ if layer.form != Form::Whole => "rolling::".to_owned(),
            (Kernel::General(general), _) => general
                .module
                .map_or(String::new(), |m| m.to_owned() + "::"),
            (_, Commit::Row) => String::new(),
            (_, Commit::Element) => "by_element::".to_owned(),
        };
        let constants =
            constant(program, layer).map_or(String::new(), |_| format!("&net.{}, ", layer.name));
        let constants = match &layer.kernel {
            Kernel::Chain(_) => "net, ".to_owned(),
            Kernel::Fused(f) => {
                let [rows, columns] = f.between;
                format!("{constants}Between::<{rows}, {columns}>, &net.{}, ", f.name)
            }
            _ => constants,
        };
        let inputs: Vec<_> = layer
            .inputs
            .iter()
            .map(|id| argument(program, places, *id, "&"))
            .collect();
        let output = argument(program, places, layer.output, "&mut ");
        let _ = writeln!(
            text,
            "#[run]\n{path}{task}({}{}, {constants}{output});",
            size(layer).map_or(String::new(), |size| size + ", "),
            inputs.join(", "),
        );
    }
    text + "}\n"
}

/// The task of a chain.
fn chain(program: &Program, layer: &Layer) -> Option<String> {
    let Kernel::Chain(all) = &layer.kernel else {
        return None;
    };
    let ty = |id: BufferId| nested("i8", &program.buffer(id).shape);
    let (x, y) = (ty(*layer.inputs.first()?), ty(layer.output));
    let mut text = format!(
        "/// Small layers in one step: repeating them after an outage is cheaper than the records between them.\n///\n\
         /// # Errors\n///\n/// Those of the store and of the arena.\n#[intermittent_task]\n\
         fn {}(x: Input<{x}>, net: &Network, y: Output<{y}>) {{\n",
        layer.name
    );
    let mut from = "x".to_owned();
    for (name, _) in all {
        let _ = writeln!(text, "let {name} = net.{name}.values({from});");
        from = format!("&{name}");
    }
    let _ = writeln!(
        text,
        "for (i, value) in {}.iter().enumerate() {{\ny.set(i, *value);\n}}\n}}",
        from.trim_start_matches('&')
    );
    Some(text)
}

/// What says how much of a layer is in SRAM at a time: `rolling::Window::<3>`, or the size of its tiles.
fn size(layer: &Layer) -> Option<String> {
    match layer.form {
        Form::Rolling(rolling) => Some(format!("rolling::Window::<{}>", rolling.rows)),
        Form::Whole | Form::Tiles(_) => tile(layer),
    }
}

/// `tiled::Tile::<64, 8>`, where a layer's tiles have such a parameter.
fn tile(layer: &Layer) -> Option<String> {
    let (size, outputs) = layer.tiles()?.size?;
    Some(match outputs {
        Some(outputs) => format!("tiled::Tile::<{size}, {outputs}>"),
        None => format!("tiled::Tile::<{size}>"),
    })
}

/// The plan as a module, and what it is held against.
fn planned(plan: &str) -> String {
    format!(
        "pub mod plan {{\n//! The plan, which the compiler checks: a region that a power cycle does not hold is an error.\n//!\n\
         {plan}\n}}\n\
         /// Whether the network fits the memory that it was planned for.\n\
         const _: () = plan::PLAN.check_memory(NVM, ARENA + TILES);\n"
    )
}

/// A buffer as an argument: parameters are borrows already.
fn argument(program: &Program, places: &[Shared], id: BufferId, borrow: &str) -> String {
    let buffer = program.buffer(id);
    match places.iter().find(|p| p.tenants.contains(&id)) {
        Some(place) => format!("{borrow}mem.{}[{}]", place.name, index(buffer)),
        None => buffer.name.clone(),
    }
}

/// Names of the constants' type and of the task.
fn kernel_names(kernel: &Kernel) -> (&'static str, &'static str) {
    match kernel {
        Kernel::Conv2d(_) => ("Conv2d", "conv2d"),
        Kernel::Depthwise(_) => ("Depthwise", "depthwise"),
        Kernel::Dense(_) => ("Dense", "dense"),
        Kernel::MaxPool(_) => ("Pool", "max_pool"),
        Kernel::AveragePool(_) => ("Pool", "average_pool"),
        Kernel::Softmax { .. } => ("Softmax", "softmax"),
        Kernel::Add(_) => ("Add", "add"),
        Kernel::Fused(_) => ("Conv2d", "conv2d_max_pool"),
        Kernel::Chain(_) => ("Dense", "chain"),
        Kernel::General(general) => (general.layer.unwrap_or_default(), general.task),
    }
}

fn shapes(program: &Program, layer: &Layer) -> String {
    let all = layer
        .inputs
        .iter()
        .map(|id| times(&program.buffer(*id).shape));
    all.collect::<Vec<_>>().join(" and ")
}

/// The number as a literal that reads back as the same bits, its decimals in groups of three.
pub fn literal(number: f32) -> String {
    let text = format!("{number:?}");
    let (mantissa, exponent) = text.split_at(text.find('e').unwrap_or(text.len()));
    let Some((whole, decimals)) = mantissa.split_once('.') else {
        return text;
    };
    let groups: Vec<_> = decimals
        .as_bytes()
        .chunks(3)
        .map(String::from_utf8_lossy)
        .collect();
    format!("{whole}.{}{exponent}", groups.join("_"))
}

/// `117_846`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, rest) = digits.split_at(if first == 0 {
        3.min(digits.len())
    } else {
        first
    });
    let groups = rest.as_bytes().chunks(3).map(String::from_utf8_lossy);
    groups.fold(head.to_owned(), |text, group| text + "_" + &group)
}

/// `25×5×64`.
fn times(shape: &[usize]) -> String {
    shape
        .iter()
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join("×")
}

/// `[[[i8; 64]; 5]; 25]`.
fn nested(element: &str, shape: &[usize]) -> String {
    shape
        .iter()
        .rev()
        .fold(element.to_owned(), |inner, n| format!("[{inner}; {n}]"))
}

/// `InputTensor` for `input`.
fn type_name(buffer: &str) -> String {
    let mut letters = buffer.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    format!("{}{}Tensor", first.unwrap_or_default(), letters.as_str())
}

fn list(names: BTreeSet<&str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{grouped, literal};

    #[test]
    fn digits_stand_in_groups() {
        for (number, text) in [
            (0, "0"),
            (42, "42"),
            (117, "117"),
            (1234, "1_234"),
            (117_846, "117_846"),
            (1_000_000, "1_000_000"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn literals_are_the_same_numbers_and_readable() {
        let cases = [
            (0.5, "0.5"),
            (0.584_702_9, "0.584_702_9"),
            (1.0, "1.0"),
            (1e-10, "1e-10"),
            (1.25e-10, "1.25e-10"),
        ];
        for (number, text) in cases {
            assert_eq!(literal(number), text);
        }
        for bits in (1..u32::MAX).step_by(9_999_991) {
            let number = f32::from_bits(bits);
            if number.is_finite() {
                let read: f32 = literal(number).replace('_', "").parse().unwrap();
                assert_eq!(read.to_bits(), bits);
            }
        }
    }
}
