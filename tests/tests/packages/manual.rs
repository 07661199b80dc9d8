//! The manual: what stands there as a whole file of settings passes `check`, and every link leads
//! somewhere.

use std::path::{Path, PathBuf};

use standpipe_tests::{Folder, Outcome, objects};

use crate::example::Example;
use crate::{check, component, top};

/// The pages for people.
fn pages() -> Outcome<Vec<PathBuf>> {
    let is_page = |path: &PathBuf| path.extension().is_some_and(|e| e == "md");
    let docs = objects::below(&top().join("docs"))?;
    let mut pages: Vec<_> = docs.into_iter().filter(is_page).collect();
    pages.push(top().join("README.md"));
    Ok(pages)
}

/// The blocks of YAML on a page that are a file of their own: those that say where data lies.
fn whole_files(page: &Path) -> Outcome<Vec<Example>> {
    let text = std::fs::read_to_string(page)?;
    let blocks = text.split("\n```yaml\n").skip(1);
    let blocks = blocks.filter_map(|from| from.split_once("\n```"));
    let whole = blocks.filter(|(block, _)| format!("\n{block}").contains("\ndata_dir:"));
    let name = page.display().to_string();
    Ok(whole
        .map(|(block, _)| Example::of(&name, block.to_owned()))
        .collect())
}

#[test]
fn every_whole_file_of_settings_in_the_manual_passes_check() -> Outcome {
    let folder = Folder::new("manual-check")?;
    component(folder.path())?;
    let mut checked = 0;
    for page in pages()? {
        for example in whole_files(&page)? {
            check(&example.at_home(folder.path())?, folder.path())?;
            checked += 1;
        }
    }
    assert!(checked >= 9, "only {checked} were found");
    folder.done()
}

/// What the headings of a page are called in links to them.
fn headings(page: &Path) -> Outcome<Vec<String>> {
    let text = std::fs::read_to_string(page)?;
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let name = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
        let kept: String = words.chars().filter(kept).collect();
        kept.replace(' ', "-")
    };
    Ok(headings.map(name).collect())
}

/// Why a link on a page leads nowhere, if so.
fn broken(page: &Path, link: &str) -> Outcome<Option<&'static str>> {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => page.to_owned(),
        file => page.with_file_name(file),
    };
    if !target.exists() {
        return Ok(Some("there is no such file"));
    }
    let is_there = heading.is_empty() || headings(&target)?.iter().any(|h| h == heading);
    Ok((!is_there).then_some("there is no such heading"))
}

#[test]
fn every_link_of_the_manual_leads_somewhere() -> Outcome {
    let (mut followed, mut wrong) = (0, vec![]);
    for page in pages()? {
        let text = std::fs::read_to_string(&page)?;
        let links = text.split("](").skip(1);
        let links = links.filter_map(|from| from.split_once(')'));
        for (link, _) in links.filter(|(link, _)| !link.starts_with("http")) {
            followed += 1;
            if let Some(why) = broken(&page, link)? {
                wrong.push(format!("{}: {link}: {why}", page.display()));
            }
        }
    }
    assert!(followed > 80, "only {followed} were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
