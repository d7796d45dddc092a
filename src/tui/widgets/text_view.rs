//! text_view
