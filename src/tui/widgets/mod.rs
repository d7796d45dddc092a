//! What several screens draw with. Each draws into any area, an empty one too, and shows outside text only as
//! `Printable`.

pub mod bars;
pub mod diff_view;
pub mod field;
pub mod gauge;
pub mod listing;
pub mod panel;
pub mod table;
pub mod text_view;
