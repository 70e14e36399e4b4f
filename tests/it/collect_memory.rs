//! How much memory the program takes for organisations of different sizes: an account is written and forgotten.

use crate::collect_organization::organization;
use crate::fake_aws::*;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Users of each account, with a policy of their own.
const USERS: usize = 2_000;

/// An account of several megabytes.
fn users() -> String {
    let action = |number: usize| format!("%22s3:GetObject{number}%22");
    let actions: Vec<String> = (0..50).map(action).collect();
    let statement =
        format!("%7B%22Effect%22:%22Allow%22,%22Action%22:[{}],%22Resource%22:%22*%22%7D", actions.join(","));
    let user = |number: usize| {
        format!(
            "<member><Path>/</Path><UserName>user-{number}</UserName><UserId>AIDA{number}</UserId>\
             <Arn>arn:aws:iam::{ACCOUNT}:user/user-{number}</Arn><UserPolicyList><member><PolicyName>own</PolicyName>\
             <PolicyDocument>%7B%22Version%22:%222012-10-17%22,%22Statement%22:[{statement}]%7D</PolicyDocument></member>\
             </UserPolicyList></member>"
        )
    };
    format!("<UserDetailList>{}</UserDetailList>", (0..USERS).map(user).collect::<String>())
}

/// Collects an organisation of so many accounts into a directory. Gives the most memory that the process held, in KB,
/// and the size of what it wrote.
fn peak(accounts: usize, users: &Arc<String>, out: &Path) -> (u64, u64) {
    let users = Arc::clone(users);
    let url = serve(Fake::new(move |asked| match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" => Some(details(&users, None)),
        _ => organization(accounts, asked),
    }));
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("foureyes"));
    command.env_clear().envs(environment(&url)).stderr(Stdio::null()).stdout(Stdio::null());
    let mut child = command.args(["collect", "--organization", "--out"]).arg(out).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    let code = loop {
        // The kernel's own high-water mark, as long as there is a process to ask about.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = mark.and_then(|mark| mark.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(kilobytes.unwrap_or(0));
        if let Some(code) = child.try_wait().unwrap() {
            break code;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    };
    assert!(code.success(), "{code}");
    let files: Vec<u64> =
        std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).collect();
    // One account, the eighth, is suspended.
    assert_eq!(files.len(), if accounts > 7 { accounts - 1 } else { accounts });
    (most, files.iter().sum())
}

/// `ACCOUNTS=5,50,200` asks for other sizes; `--nocapture` shows the figures. All that is written must be clearly more than
/// what may be held: fifty accounts are just as much.
#[test]
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
fn memory_does_not_grow_with_the_organisation() {
    let sizes = std::env::var("ACCOUNTS").unwrap_or_else(|_| "5,70".to_owned());
    let sizes: Vec<usize> = sizes.split(',').map(|size| size.parse().unwrap()).collect();
    let users = Arc::new(users());
    let folder = tempfile::tempdir().unwrap();
    let mut peaks = Vec::new();
    for accounts in sizes {
        let (kilobytes, written) = peak(accounts, &users, &folder.path().join(format!("{accounts}/")));
        println!("{accounts} accounts: {} MB at most, {} MB written", kilobytes / 1024, written / 1_000_000);
        peaks.push((accounts, kilobytes, written));
    }
    let (_, least, _) = peaks[0];
    for (accounts, kilobytes, written) in peaks {
        // Four accounts are held at a time; if all were, the growth would be that of what is written, and more.
        let most = least + least / 4;
        assert!(kilobytes < most, "{accounts} accounts: {kilobytes} KB of memory, {least} KB with the fewest");
        assert!(accounts < 50 || written / 1024 > most, "too little to tell: {written} bytes");
    }
}
