//! Names in Terraform and on disk for things that others named.
//!
//! A name is a function of the thing alone, never of what else is in the run: were it not, a later run could give one
//! table's address to another, and Terraform would replace it.

/// Longest stem of a name; what is longer is cut and told apart by its hash.
const LONGEST: usize = 80;

/// A Terraform identifier from parts: letters, digits, `_` and `-`, beginning with a letter or `_`. Where a part holds
/// anything else, a hash of `subject` keeps different things apart.
pub(super) fn identifier(parts: &[&str], subject: &str) -> String {
    let joined = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("_");
    let mut exact = true;
    let mut name: String = joined
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() || matches!(character, '_' | '-') {
                character
            } else {
                exact = false;
                '_'
            }
        })
        .collect();
    if name.len() > LONGEST {
        exact = false;
        name.truncate(LONGEST);
    }
    if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        name.insert(0, '_');
    }
    if exact { name } else { format!("{name}_{}", hash(subject)) }
}

/// Eight hexadecimal digits that stand for a text, the same on every machine and in every version (FNV-1a, folded).
pub(super) fn hash(text: &str) -> String {
    let full = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{:08x}", (full ^ (full >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_and_others_are_told_apart() {
        assert_eq!(identifier(&["Order-prod", "eu-west-1"], "x"), "Order-prod_eu-west-1");
        assert_eq!(identifier(&["1st"], "x"), "_1st");
        let dotted = identifier(&["a.b"], "arn:1");
        assert!(dotted.starts_with("a_b_") && dotted != identifier(&["a_b"], "arn:2"));
        assert_ne!(dotted, identifier(&["a/b"], "arn:2"));
        assert!(identifier(&["../../etc/passwd"], "x").chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)));
        assert!(identifier(&[&"x".repeat(500)], "x").len() < 100);
    }
}
