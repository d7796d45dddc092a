//! The programs of OpenSSH, as people have them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Kinds of keys that people have.
pub const KINDS: [&str; 3] = ["ed25519", "rsa", "ecdsa"];

/// Whether `ssh-keygen` is here. Where it is not, says so, since the test then shows nothing.
pub fn is_here() -> bool {
    let is_here = Command::new("ssh-keygen").arg("-?").output().is_ok();
    if !is_here {
        eprintln!("SKIPPED: ssh-keygen is not here, and nothing was tested");
    }
    is_here
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

/// Makes a key without a passphrase, and gives the file of the private one.
pub fn key(folder: &Path, kind: &str, name: &str) -> PathBuf {
    let file = folder.join(name);
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", kind, "-N", "", "-C", name, "-f"]).arg(&file);
    if kind == "rsa" {
        keygen.args(["-b", "2048"]);
    }
    run(&mut keygen);
    file
}

/// A key's algorithm and key, as an `authorized_keys` file has them.
pub fn public(key: &Path) -> String {
    let line = fs::read_to_string(key.with_extension("pub")).unwrap();
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// A key's fingerprint as OpenSSH prints it.
pub fn fingerprint(key: &Path) -> String {
    let output = run(Command::new("ssh-keygen").arg("-lf").arg(key.with_extension("pub")));
    let line = String::from_utf8(output.stdout).unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

/// What `ssh-keygen -Y sign` makes of a text.
pub fn signature(key: &Path, namespace: &str, text: &str) -> String {
    let file = key.with_extension("statement");
    fs::write(&file, text).unwrap();
    let signature = key.with_extension("statement.sig");
    let _ = fs::remove_file(&signature);
    run(Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", namespace, "-f"])
        .arg(key)
        .arg(&file)
        .stderr(Stdio::null()));
    fs::read_to_string(signature).unwrap()
}

/// Runs a line of shell in a folder: whether it went well, and what it said.
pub fn shell(folder: &Path, line: &str) -> (bool, String) {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}
