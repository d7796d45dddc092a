//! Text on its way to a terminal: made harmless, measured in columns, cut, padded and wrapped; and words compared.
//! May use: the Unicode crates, nothing of ours. Shared by screens, command output, window titles and logs.
//! Must never: do I/O, or let text that came from outside reach a terminal other than as [`Printable`].

mod nearest;
mod printable;
mod width;
pub mod words;
mod wrap;

pub use nearest::nearest;
pub use printable::{Printable, Segment};
pub use width::{cut, cut_start, pad, width};
pub use wrap::{WrappedLines, wrap_lines, wrapped};
