//! Messages that the compiler puts together while it evaluates a constant.

/// A message.
pub(crate) struct Text {
    bytes: [u8; 512],
    len: usize,
}

impl Text {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; 512],
            len: 0,
        }
    }

    pub(crate) const fn str(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    pub(crate) const fn number(self, number: u64) -> Self {
        let (rest, digit) = (number / 10, [b'0' + (number % 10) as u8]);
        let text = if rest > 0 { self.number(rest) } else { self };
        match core::str::from_utf8(&digit) {
            Ok(digit) => text.str(digit),
            Err(_) => text,
        }
    }

    pub(crate) const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            // Cut in the middle of a name.
            Err(_) => "it does not fit",
        }
    }
}
