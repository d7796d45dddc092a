//! Next what a command is about to decide: with a key where the person is, or in two steps.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::input;
use crate::cli::output::{Plain, Reply};
use crate::domain::signature::{NAMESPACE, SignedStatement};
use crate::host::signing::ToSign;
use crate::workbench::Deed;

/// How a signature's file is named beside what it signs, as `ssh-keygen -Y sign` does.
const SIGNATURE_SUFFIX: &str = "sig";

/// How it is signed.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Sign it with the key of yours that your SSH agent has
    #[arg(long)]
    sign: bool,
    /// Sign it with this key: a private key, or a public one whose private one your SSH agent has
    #[arg(long, value_name = "FILE")]
    sign_key: Option<PathBuf>,
    /// Print what would be signed, and do nothing: for ssh-keygen -Y sign -n decision@pegbox
    #[arg(long, conflicts_with_all = ["sign", "sign_key", "signature"])]
    statement: bool,
    /// The signature of what --statement printed: `FILE.sig` beside it, or both in one, as in `cat FILE FILE.sig`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sign", "sign_key"])]
    signature: Option<PathBuf>,
}

/// What comes next.
pub enum Next {
    /// Nothing: it was to be printed, and was.
    Printed(Reply),
    /// The deed, with its signature where it has one.
    Do(Option<SignedStatement>),
}

/// Has a deed signed as the arguments say.
pub fn sign(args: &SignArgs, deed: &Deed, reason: &str, context: &mut Context<'_>) -> Result<Next, CliError> {
    if let Some(file) = &args.signature {
        return Ok(Next::Do(Some(handed_in(file, context)?)));
    }
    if !args.sign && !args.statement && args.sign_key.is_none() {
        return Ok(Next::Do(None));
    }
    let unsigned = context.workbench.statement(&context.actor, deed, reason)?;
    if args.statement {
        let document = json!({ "statement": unsigned.statement, "namespace": NAMESPACE });
        context.out.file(&unsigned.statement, &document)?;
        return Ok(Next::Printed(Reply::done(Value::Null, Plain::new())));
    }
    let to_sign = ToSign {
        statement: unsigned.statement,
        keys: unsigned.keys,
        key_file: args.sign_key.clone(),
    };
    let signature = context.caller.desk.sign(&to_sign, &context.runtime)?;
    Ok(Next::Do(Some(SignedStatement {
        statement: to_sign.statement,
        signature,
    })))
}

/// A statement and its signature, from one file or from two beside each other.
fn handed_in(file: &Path, context: &mut Context<'_>) -> Result<SignedStatement, CliError> {
    let text = input::read_text(file, context.caller)?;
    let is_beside = text.trim_start().starts_with("-----BEGIN") && file.extension() == Some(SIGNATURE_SUFFIX.as_ref());
    let text = if is_beside {
        input::read_text(&file.with_extension(""), context.caller)? + &text
    } else {
        text
    };
    Ok(SignedStatement::parse(&text)?)
}

/// What to say of a signature behind what was done.
pub fn told(signed: Option<&SignedStatement>) -> &'static str {
    if signed.is_some() { ", signed" } else { "" }
}
