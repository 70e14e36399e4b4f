//! The snapshot: the file format through which all knowledge of an account enters the program.
//!
//! `collect` writes it, people keep and send it, every answer is computed from it. The format is versioned
//! (`foureyes/snapshot/v1`) and described in `docs/snapshot.md`; resources use CloudFormation type and property names.
//!
//! [`read()`] also takes what `aws iam get-account-authorization-details` prints, and a directory of files. [`import()`]
//! makes a snapshot of what people have from AWS Config and Cloud Control.

mod document;
mod error;
mod import;
mod model;
mod parse;
mod place;
mod read;
mod secrets;
mod write;

pub use document::DocumentError;
pub use error::{Problem, ReadError, WriteError};
pub use import::{IMPORT_LIMIT, import, import_text};
pub use model::*;
pub use place::Place;
pub use read::{LIMIT, Loaded, read, read_within};
pub use secrets::{is_harmless, without_credentials};
pub use write::{write, write_directory};
