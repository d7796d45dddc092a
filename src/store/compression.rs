//! zstd, with tables that are made once.
//!
//! Making them for every record is a noticeable part of what a record costs, so a thread keeps the ones that it made: a
//! few megabytes at most. What went through them before does not change what comes out, which preconditions on whole
//! records need.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};

/// Compression level: higher ones cost a multiple of the time for a few per cent.
const ZSTD_LEVEL: i32 = 3;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses bytes; the same bytes always give the same.
pub(super) fn compress(plain: &[u8]) -> io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(ZSTD_LEVEL)?),
        };
        compressor.compress(plain)
    })
}

/// Decompresses bytes to at most `plain_len`.
pub(super) fn decompress(packed: &[u8], plain_len: usize) -> io::Result<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new()?),
        };
        decompressor.decompress(packed, plain_len)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn kept_tables_change_nothing(plain in prop::collection::vec(b'a'..b'f', 0..5_000)) {
            let packed = compress(&plain)?;
            prop_assert_eq!(&packed, &zstd::bulk::compress(&plain, ZSTD_LEVEL)?);
            prop_assert_eq!(decompress(&packed, plain.len())?, plain);
        }

        #[test]
        fn a_refused_input_harms_no_later_one(junk in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decompress(&junk, 100);
            let packed = compress(&[7; 3_000])?;
            prop_assert!(decompress(&packed, 2_999).is_err());
            prop_assert_eq!(decompress(&packed, 3_000)?, [7; 3_000]);
        }
    }
}
