//! What a record is bound to, so that one program never resumes into another's work.

/// A 64-bit hash of whatever must not change between an outage and the resume: layout, code version, weights.
///
/// Everything is `const`, so that hashing a network's weights costs nothing on the device. It tells versions apart; it
/// is no protection against an attacker.
///
/// ```
/// use rekindle::Fingerprint;
///
/// static WEIGHTS: [i8; 4] = [1, -2, 3, -4];
/// const PRINT: Fingerprint = Fingerprint::new().i8s(&WEIGHTS).text(env!("CARGO_PKG_VERSION"));
/// assert_ne!(PRINT, Fingerprint::new().i8s(&[1, -2, 3, 4]).text(env!("CARGO_PKG_VERSION")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

impl Fingerprint {
    /// The fingerprint of nothing.
    pub const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325) // FNV-1a: short, `const`, and good enough to tell versions apart
    }

    const fn step(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(0x100_0000_01b3))
    }

    /// Adds bytes.
    #[must_use]
    pub const fn bytes(mut self, bytes: &[u8]) -> Self {
        let mut i = 0;
        while i < bytes.len() {
            self = self.step(bytes[i]);
            i += 1;
        }
        self
    }

    /// Adds weights.
    #[must_use]
    pub const fn i8s(mut self, values: &[i8]) -> Self {
        let mut i = 0;
        while i < values.len() {
            self = self.step(values[i] as u8);
            i += 1;
        }
        self
    }

    /// Adds biases.
    #[must_use]
    pub const fn i32s(mut self, values: &[i32]) -> Self {
        let mut i = 0;
        while i < values.len() {
            self = self.bytes(&values[i].to_le_bytes());
            i += 1;
        }
        self
    }

    /// Adds a text and its length.
    #[must_use]
    pub const fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes()).word(text.len() as u64)
    }

    /// Adds a number.
    #[must_use]
    pub const fn word(self, word: u64) -> Self {
        self.bytes(&word.to_le_bytes())
    }

    /// The hash.
    pub const fn value(self) -> u64 {
        self.0
    }
}
