//! Copies the statements for `sql!` (src/lib.rs) without comments and indentation, which would be sent to the database
//! each time.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src");
    let target = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    copy_statements(Path::new("src"), &Path::new(&target).join("src"))
}

/// Copies the `.sql` files of a folder and of those in it. A comment is a line of its own.
fn copy_statements(folder: &Path, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let copy = target.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_statements(&path, &copy)?;
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            let text = fs::read_to_string(&path)?;
            let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("--"));
            fs::write(copy, lines.flat_map(|line| [line, "\n"]).collect::<String>())?;
        }
    }
    Ok(())
}
