//! diff_view
