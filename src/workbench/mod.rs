//! Contract stub of the workbench: types only.

mod browsing;
mod datasets;
mod editing;
mod error;
mod record;
mod releasing;
mod request;
mod reviewing;
mod running;

pub use browsing::*;
pub use datasets::*;
pub use editing::*;
pub use error::*;
pub use record::*;
pub use releasing::*;
pub use request::*;
pub use reviewing::*;
pub use running::*;
