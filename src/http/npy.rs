//! An array in numpy's file format, version 1.0.
//!
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

use crate::quantization::Precision;

/// The start of a file: its magic and its version.
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
/// The numbers begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// What stands before the numbers of an array of `rows` × `columns`, which follow row by row,
/// little-endian.
pub fn header(precision: Precision, rows: usize, columns: usize) -> Vec<u8> {
    let dtype = match precision {
        Precision::Float32 => "<f4",
        Precision::Int8 | Precision::Binary => "|i1",
        Precision::Uint8 | Precision::Ubinary => "|u1",
    };
    let description =
        format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let before = MAGIC.len() + size_of::<u16>();
    // With the line feed at its end.
    let total = (before + description.len() + 1).next_multiple_of(ALIGNMENT);
    let length = (total - before) as u16;
    let padded = format!("{description:width$}\n", width = total - before - 1);
    [MAGIC, &length.to_le_bytes(), padded.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_begin_at_a_multiple_of_64() {
        for (rows, columns) in [(0, 1), (3, 384), (usize::MAX, usize::MAX)] {
            let header = header(Precision::Int8, rows, columns);
            assert_eq!(header.len() % ALIGNMENT, 0);
            assert_eq!(usize::from(header[8]) + 256 * usize::from(header[9]) + 10, header.len());
            assert_eq!(header.last(), Some(&b'\n'));
        }
    }
}
