//! The user's own files: checked before anything is built, counted, and only ever read.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use standpipe_agent::parse::{Origin, Shaper};
use standpipe_agent::split::Piece;
use standpipe_config::records::Builder;
use standpipe_config::settings::agent::{Parse, Step};
use standpipe_tests::trouble::{Attempting, Outcome, Trouble};

/// How many lines decide what a file is.
const SAMPLE: usize = 1000;

/// Where lines are cut: JSON makes six bytes of one at worst, and the record must stay below the
/// limit, or it would not become a row.
pub(crate) const MAX_LINE: usize = 160_000;

/// A file of the user's.
pub(crate) struct Given {
    /// Where it is, as text, absolute.
    pub(crate) path: String,
    /// Whether its lines are those of an access log.
    pub(crate) combined: bool,
}

/// Reads the command line. The same file given twice counts once.
pub(crate) fn read(arguments: &[OsString]) -> Outcome<Vec<Given>> {
    let mut seen = vec![];
    let mut given = vec![];
    for argument in arguments {
        if argument.to_string_lossy().starts_with('-') {
            return Err(Trouble(format!(
                "there is no option {}",
                argument.display()
            )));
        }
        let path = Path::new(argument);
        let (path, which) = find(path).attempting(format!("read {}", path.display()))?;
        if seen.contains(&which) {
            eprintln!("{path} was given before: it is read once");
            continue;
        }
        seen.push(which);
        let combined = is_combined(&path).attempting(format!("read {path}"))?;
        given.push(Given { path, combined });
    }
    Ok(given)
}

/// The absolute path of a readable file, and which file it is whatever its name.
fn find(path: &Path) -> Outcome<(String, (u64, u64))> {
    let path: PathBuf = path.canonicalize()?;
    let what = fs::metadata(&path)?;
    if !what.is_file() {
        return Err(Trouble::new(
            "it is not a file; give the files in it, one by one",
        ));
    }
    File::open(&path)?;
    let text = path.to_str().ok_or_else(|| {
        Trouble::new("its path is not UTF-8, which the settings cannot hold: give a link to it")
    })?;
    Ok((text.to_owned(), (what.dev(), what.ino())))
}

/// Whether most of the first lines are those of an access log.
fn is_combined(path: &str) -> Outcome<bool> {
    let mut lines = Lines::open(path)?;
    let (mut seen, mut fitting) = (0, 0);
    while seen < SAMPLE
        && let Some(line) = lines.next()?
    {
        seen += 1;
        fitting += usize::from(fits(line));
    }
    Ok(fitting * 2 > seen)
}

fn fits(line: &[u8]) -> bool {
    let piece = Piece {
        at: 0,
        bytes: line,
        end: 0,
        part: None,
        unterminated: false,
    };
    let mut out = Builder::default();
    let mut shaper = Shaper::new(&Parse::by(Step::Combined), "");
    shaper.shape(piece, &Origin::default(), &mut out);
    let record = out.finish().bytes;
    record.starts_with(b"{\"host\":")
}

impl Given {
    /// How many lines it holds that are not empty. Counted by plain reading, not by the code
    /// under test.
    pub(crate) fn lines(&self) -> Outcome<u64> {
        let mut lines = Lines::open(&self.path).attempting(format!("read {}", self.path))?;
        let mut count = 0;
        while lines
            .next()
            .attempting(format!("read {}", self.path))?
            .is_some()
        {
            count += 1;
        }
        Ok(count)
    }

    /// Its path as a pattern that matches nothing else.
    pub(crate) fn pattern(&self) -> String {
        let mut pattern = String::new();
        for letter in self.path.chars() {
            match letter {
                '*' | '?' | '[' | ']' | '{' | '}' | '\\' => pattern.extend(['[', letter, ']']),
                _ => pattern.push(letter),
            }
        }
        pattern
    }
}

/// The lines of a file that are not empty, without their ends.
struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
}

impl Lines {
    fn open(path: &str) -> Outcome<Self> {
        let reader = BufReader::with_capacity(256 * 1024, File::open(path)?);
        Ok(Self {
            reader,
            line: vec![],
        })
    }

    fn next(&mut self) -> Outcome<Option<&[u8]>> {
        loop {
            self.line.clear();
            if self.reader.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            if self.line.pop_if(|end| *end == b'\n').is_some() {
                self.line.pop_if(|end| *end == b'\r');
            }
            if !self.line.is_empty() {
                return Ok(Some(&self.line));
            }
        }
    }
}
