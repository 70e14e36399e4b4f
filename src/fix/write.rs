//! Patches to a directory.

use super::Patch;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// How every file begins that this module may overwrite; its own name follows.
const MARKER: &str = "Written by foureyes: ";

/// Why a directory of fixes could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something else is there.
    #[error("{} was not written by foureyes and stays as it is; choose an empty directory", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot write {}", path.display())]
    Io {
        /// File or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// What became of a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files written, sorted.
    pub files: Vec<PathBuf>,
    /// Files of earlier runs that this run did not need, sorted. They stay: were a file removed whose resources Terraform
    /// manages by now, the next apply would destroy them.
    pub left: Vec<PathBuf>,
}

/// Writes patches into a directory, which is made where it does not exist, with the provider's settings and a README
/// that says what to do. Each file appears whole or not at all. Nothing is written when any of the files exists and was
/// not written here.
///
/// # Errors
///
/// [`WriteError::Foreign`] for a file that is not ours; [`WriteError::Io`] when the file system refuses.
pub fn write(directory: &Path, patches: &[Patch]) -> Result<Written, WriteError> {
    let mut texts: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut roots: BTreeMap<PathBuf, (BTreeSet<&str>, Vec<&Patch>)> = BTreeMap::new();
    for patch in patches {
        let path = directory.join(&patch.file);
        let root = path.parent().unwrap_or(directory).to_path_buf();
        let (accounts, members) = roots.entry(root).or_default();
        accounts.extend(patch.account.as_deref());
        members.push(patch);
        texts.insert(path, patch.hcl.clone());
    }
    for (root, (accounts, members)) in &roots {
        texts.insert(root.join("README.md"), readme(members));
        texts.insert(root.join("foureyes-providers.tf"), providers(accounts));
    }
    for root in roots.keys() {
        fs::create_dir_all(root).map_err(|source| WriteError::Io { path: root.clone(), source })?;
    }
    for path in texts.keys() {
        if path.symlink_metadata().is_ok() && !is_ours(path) {
            return Err(WriteError::Foreign { path: path.clone() });
        }
    }
    for (path, text) in &texts {
        replace(path, &format!("{}\n\n{text}", marker(path)))
            .map_err(|source| WriteError::Io { path: path.clone(), source })?;
    }
    let mut left = Vec::new();
    for root in roots.keys() {
        let entries = fs::read_dir(root).map_err(|source| WriteError::Io { path: root.clone(), source })?;
        left.extend(entries.flatten().map(|entry| entry.path()).filter(|path| {
            path.extension().is_some_and(|extension| extension == "tf") && !texts.contains_key(path) && is_ours(path)
        }));
    }
    left.sort();
    Ok(Written { files: texts.into_keys().collect(), left })
}

/// The first line of a file. It names the file, so that a file system that does not tell `Order` from `order` cannot make
/// one resource's file take another's place.
fn marker(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    if path.extension().is_some_and(|extension| extension == "md") {
        format!("<!-- {MARKER}{name} -->")
    } else {
        format!("# {MARKER}{name}")
    }
}

fn is_ours(path: &Path) -> bool {
    let expected = marker(path);
    let limit = u64::try_from(expected.len()).unwrap_or(u64::MAX).saturating_add(2);
    let mut line = String::new();
    let regular = path.symlink_metadata().is_ok_and(|data| data.is_file());
    regular
        && fs::File::open(path)
            .and_then(|file| BufReader::new(file.take(limit)).read_line(&mut line))
            .is_ok_and(|_| line.trim_end() == expected)
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::Builder::new().prefix(".foureyes-").tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    // Temporary files are private; what is handed over is read by others too.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn providers(accounts: &BTreeSet<&str>) -> String {
    use super::hcl;
    let aws = hcl::map([("source", hcl::string("hashicorp/aws")), ("version", hcl::string(">= 6.0"))]);
    let mut required = hcl::block("required_providers", &[]);
    hcl::set(&mut required, "aws", aws);
    let mut terraform = hcl::block("terraform", &[]);
    hcl::set(&mut terraform, "required_version", hcl::string(">= 1.5"));
    hcl::nest(&mut terraform, required);
    let mut provider = hcl::block("provider", &["aws"]);
    hcl::comment(&mut provider, "Region and credentials come from the environment; resources name their own region.");
    if !accounts.is_empty() {
        hcl::set_commented(
            &mut provider,
            "Terraform stops when it holds the credentials of another account.",
            "allowed_account_ids",
            hcl::strings(accounts.iter().copied()),
        );
    }
    hcl::render(vec![terraform, provider])
}

fn readme(patches: &[&Patch]) -> String {
    let mut text = String::from(
        "# Fixes\n\nEach file mends what its first comment names. What exists already is imported, not made anew.\n\n\
         1. Read the files. Add your backend, or move the files into your own configuration (without\n   \
         `foureyes-providers.tf`, if you have a provider).\n\
         2. Set `AWS_REGION` and sign in to the account that `foureyes-providers.tf` names.\n\
         3. Run `terraform init`.\n\
         4. Run `terraform plan`. Expect imports, changes in place and new policies; nothing is destroyed or replaced.\n   \
         If something is, stop: something changed since the snapshot was taken.\n\
         5. Let a second person read the plan, then run `terraform apply`.\n\
         6. Audit again: the findings are gone.\n\n\
         Keep the files after the apply: Terraform destroys what it manages once the configuration no longer names it.\n\n\
         | File | Mends |\n| --- | --- |\n",
    );
    for patch in patches {
        let name = patch.file.rsplit_once('/').map_or(patch.file.as_str(), |(_, name)| name);
        let findings: Vec<String> =
            patch.findings.iter().map(|id| format!("`{}`", id.replace(['`', '|', '\n'], "_"))).collect();
        text.push_str(&format!("| `{name}` | {} |\n", findings.join(", ")));
    }
    let notes: BTreeSet<&str> = patches.iter().flat_map(|patch| &patch.notes).map(String::as_str).collect();
    if !notes.is_empty() {
        text.push_str("\n## Notes\n\n");
        for note in notes {
            text.push_str(&format!(
                "- {}\n",
                crate::base::text::escape(note, crate::base::text::is_deceptive).replace('<', "&lt;")
            ));
        }
    }
    text
}
