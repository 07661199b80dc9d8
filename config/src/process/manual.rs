//! Man pages and shell completions, made from the same tables as `--help`: what a package holds
//! cannot differ from what the program says. `packaging/build` asks for them.

use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::exit::Exit;

/// Writes them into the folder that follows. No command of the program: it is for those who build.
const ORDER: &str = "--write-manual";

/// Takes the order `--write-manual FOLDER`, before anything else. The exit, where it came.
pub fn start<C: CommandFactory>() -> Option<Exit> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ORDER {
        return None;
    }
    let folder = arguments.next().unwrap_or_else(|| ".".into());
    match write(C::command(), Path::new(&folder)) {
        Ok(()) => Some(Exit::Done),
        Err(error) => {
            let folder = folder.display();
            let _ = writeln!(std::io::stderr(), "cannot write into {folder}: {error}");
            Some(Exit::Failed)
        }
    }
}

/// Man pages of the command and its subcommands into `man/`, completions for bash, zsh and fish
/// into `completions/`.
fn write(mut command: Command, folder: &Path) -> io::Result<()> {
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    // Before the completions, which give the command a `help` whose every page would be written.
    clap_mangen::generate_to(command.clone(), &man)?;
    let name = command.get_name().to_owned();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, &name, &completions)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
