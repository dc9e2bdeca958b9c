//! Tables of the flatbuffer format, declared by slot and checked before the first field is read.

/// Declares tables: a name, and per field its slot in the format's schema and its type.
///
/// A field reads as `Option`: `None` is the schema's default, or an absent vector. Slots that are not declared are not
/// looked at, so a newer file with more of them is read as well.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident { $($slot:literal $field:ident: $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<'a>(::flatbuffers::Table<'a>);

        impl<'a> ::flatbuffers::Follow<'a> for $name<'a> {
            type Inner = Self;

            unsafe fn follow(buf: &'a [u8], loc: usize) -> Self {
                // SAFETY: the caller promises that there is a table at `loc`.
                Self(unsafe { ::flatbuffers::Table::new(buf, loc) })
            }
        }

        impl<'a> ::flatbuffers::Verifiable for $name<'a> {
            fn run_verifier(
                v: &mut ::flatbuffers::Verifier,
                pos: usize,
            ) -> Result<(), ::flatbuffers::InvalidFlatbuffer> {
                v.visit_table(pos)?
                    $(.visit_field::<$ty>(stringify!($field), $crate::tflite::table::slot($slot), false)?)*
                    .finish();
                Ok(())
            }
        }

        impl<'a> $name<'a> {
            $(pub fn $field(self) -> Option<<$ty as ::flatbuffers::Follow<'a>>::Inner> {
                // SAFETY: a table comes from a root that was verified, and its verifier visits this field as this type.
                unsafe { self.0.get::<$ty>($crate::tflite::table::slot($slot), None) }
            })*
        }
    )*};
}
pub(super) use tables;

/// Where the offset of a field stands in the table of offsets, which starts with two lengths.
pub const fn slot(n: u16) -> u16 {
    4 + 2 * n
}
