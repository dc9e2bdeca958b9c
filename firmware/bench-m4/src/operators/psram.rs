//! A driver of a byte-addressed memory, as small as one can be.

use rekindle::store::Bytes;

/// Memory that is read and written byte by byte.
pub struct Psram<'a>(&'a mut [u8]);

impl<'a> Psram<'a> {
    /// The store on it.
    pub fn store(memory: &'a mut [u8]) -> Bytes<Self> {
        Bytes::new(Self(memory))
    }
}

/// The address is beyond the memory's end.
#[derive(Debug)]
pub struct Beyond;

impl embedded_storage::ReadStorage for Psram<'_> {
    type Error = Beyond;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Beyond> {
        let memory = self.0.get(at as usize..).ok_or(Beyond)?;
        let memory = memory.get(..into.len()).ok_or(Beyond)?;
        into.copy_from_slice(memory);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl embedded_storage::Storage for Psram<'_> {
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), Beyond> {
        let memory = self.0.get_mut(at as usize..).ok_or(Beyond)?;
        let memory = memory.get_mut(..from.len()).ok_or(Beyond)?;
        memory.copy_from_slice(from);
        Ok(())
    }
}
