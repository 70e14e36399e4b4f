//! Writing snapshots: in one order, readable by their owner only, whole or not at all.

use super::error::quote;
use super::parse::validate;
use super::{Organization, Snapshot, WriteError};
use std::fs::DirBuilder;
use std::io::{self, BufWriter, Write};
use std::path::Path;

impl Snapshot {
    /// Brings everything whose order means nothing into one order, so that equal snapshots are equal byte for byte.
    pub fn sort(&mut self) {
        if let Some(organization) = &mut self.organization {
            organization.sort();
        }
        self.accounts.sort_by(|a, b| a.id.cmp(&b.id));
        for account in &mut self.accounts {
            account.policies.sort();
            account.resources.sort_by(|a, b| a.arn.cmp(&b.arn));
            account.coverage.sort();
            let details = &mut account.authorization_details;
            details.user_detail_list.sort_by(|a, b| a.arn.cmp(&b.arn));
            details.group_detail_list.sort_by(|a, b| a.arn.cmp(&b.arn));
            details.role_detail_list.sort_by(|a, b| a.arn.cmp(&b.arn));
            details.policies.sort_by(|a, b| a.arn.cmp(&b.arn));
        }
    }
}

impl Organization {
    /// As [`Snapshot::sort`].
    pub(super) fn sort(&mut self) {
        self.roots.sort_by(|a, b| a.id.cmp(&b.id));
        self.units.sort_by(|a, b| a.id.cmp(&b.id));
        self.policies.sort_by(|a, b| a.id.cmp(&b.id));
        self.delegated_administrators.sort_by(|a, b| a.account.cmp(&b.account));
        self.delegated_administrators.iter_mut().for_each(|delegated| delegated.services.sort());
        let roots = self.roots.iter_mut().map(|root| &mut root.policies);
        let units = self.units.iter_mut().map(|unit| &mut unit.policies);
        roots.chain(units).for_each(|policies| policies.sort());
    }
}

/// Writes a snapshot as indented JSON, zstd-compressed when the name ends in `.zst`. An existing file is replaced in one
/// step; the new one can be read by its owner only.
///
/// # Errors
///
/// When the operating system refuses, or the snapshot is one that [`super::read()`] would refuse.
pub fn write(path: &Path, snapshot: &Snapshot) -> Result<(), WriteError> {
    let mut sorted = snapshot.clone();
    sorted.sort();
    write_sorted(path, &sorted)
}

/// Writes one file an account, named `ACCOUNTID.json`, each with the whole organisation, so that each can be read by
/// itself. Makes the directory if need be; other files in it stay as they are.
///
/// # Errors
///
/// As [`write()`].
pub fn write_directory(directory: &Path, snapshot: &Snapshot) -> Result<(), WriteError> {
    // Account ids become file names: they are checked before the first is used.
    validate(snapshot).map_err(WriteError::Invalid)?;
    make_directory(directory).map_err(|cause| WriteError::Io { file: quote(directory), cause })?;
    let mut sorted = snapshot.clone();
    sorted.sort();
    for account in std::mem::take(&mut sorted.accounts) {
        let path = directory.join(format!("{}.json", account.id));
        sorted.accounts = vec![account];
        write_sorted(&path, &sorted)?;
    }
    Ok(())
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}

fn write_sorted(path: &Path, snapshot: &Snapshot) -> Result<(), WriteError> {
    validate(snapshot).map_err(WriteError::Invalid)?;
    replace(path, snapshot).map_err(|cause| WriteError::Io { file: quote(path), cause })
}

fn replace(path: &Path, snapshot: &Snapshot) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Renaming is one step only within a file system; tempfile gives its files mode 0600.
    let file = tempfile::Builder::new().prefix(".foureyes-").tempfile_in(directory);
    // The message would name the temporary file.
    let mut file = file.map_err(|error| io::Error::from(error.kind()))?;
    if path.extension().is_some_and(|end| end == "zst") {
        let mut encoder = zstd::Encoder::new(BufWriter::new(&mut file), zstd::DEFAULT_COMPRESSION_LEVEL)?;
        encoder.include_checksum(true)?;
        write_json(&mut encoder, snapshot)?;
        encoder.finish()?.flush()?;
    } else {
        let mut out = BufWriter::new(&mut file);
        write_json(&mut out, snapshot)?;
        out.flush()?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn write_json(out: &mut impl Write, snapshot: &Snapshot) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, snapshot)?;
    out.write_all(b"\n")
}
