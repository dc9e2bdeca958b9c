//! Files of named tensors, as `tools/archive.py` writes them.

use std::collections::HashMap;
use std::path::Path;

use rekindle::zerocopy::{FromBytes, Immutable, IntoBytes};

/// Tensors by name: kind, shape and bytes.
pub struct Archive(HashMap<String, (u8, Vec<usize>, Vec<u8>)>);

impl Archive {
    /// Reads `tests/data/<name>`.
    pub fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("data")
            .join(name);
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut rest = bytes
            .strip_prefix(b"RKT1")
            .expect("an archive starts with RKT1");
        let mut tensors = HashMap::new();
        while !rest.is_empty() {
            let len = take(&mut rest, 1)[0];
            let name = String::from_utf8(take(&mut rest, len.into()).to_vec()).unwrap();
            let &[kind, dimensions] = take(&mut rest, 2) else {
                unreachable!()
            };
            let shape: Vec<usize> = (0..dimensions)
                .map(|_| u32::from_le_bytes(take(&mut rest, 4).try_into().unwrap()) as usize)
                .collect();
            let size = if kind == 0 { 1 } else { 4 };
            let data = take(&mut rest, size * shape.iter().product::<usize>()).to_vec();
            tensors.insert(name, (kind, shape, data));
        }
        Self(tensors)
    }

    fn get(&self, name: &str, kind: u8) -> &[u8] {
        let (found, _, data) = self
            .0
            .get(name)
            .unwrap_or_else(|| panic!("no tensor `{name}`"));
        assert_eq!(*found, kind, "kind of `{name}`");
        data
    }

    /// A tensor of any kind: its first size, and all bytes.
    pub fn rows(&self, name: &str) -> (usize, &[u8]) {
        let (_, shape, data) = self
            .0
            .get(name)
            .unwrap_or_else(|| panic!("no tensor `{name}`"));
        (shape[0], data)
    }

    /// A tensor of `i8` as nested arrays of the same number of values.
    pub fn i8<T: FromBytes>(&self, name: &str) -> T {
        T::read_from_bytes(self.get(name, 0))
            .unwrap_or_else(|_| panic!("`{name}` has another size"))
    }

    /// Compares a tensor of `i8` with the kernels' output, value by value.
    pub fn check<T: IntoBytes + Immutable>(&self, name: &str, found: &T) {
        let (expected, found) = (self.get(name, 0), found.as_bytes());
        assert_eq!(expected.len(), found.len(), "size of `{name}`");
        if let Some(at) = (0..found.len()).find(|i| expected[*i] != found[*i]) {
            let [expected, found] = [expected[at], found[at]].map(u8::cast_signed);
            panic!("`{name}` differs at value {at}: {found} instead of {expected}");
        }
    }

    /// A tensor of `f32`, stored as the bits.
    pub fn f32(&self, name: &str) -> Vec<f32> {
        let (values, _) = self.get(name, 1).as_chunks::<4>();
        values.iter().map(|v| f32::from_le_bytes(*v)).collect()
    }

    /// A tensor of `i32`.
    pub fn i32<const N: usize>(&self, name: &str) -> [i32; N] {
        let (values, _) = self.get(name, 1).as_chunks::<4>();
        let values: Vec<i32> = values.iter().map(|v| i32::from_le_bytes(*v)).collect();
        values
            .try_into()
            .unwrap_or_else(|_| panic!("`{name}` has another size"))
    }
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at_checked(n).expect("the archive is complete");
    *rest = left;
    taken
}
