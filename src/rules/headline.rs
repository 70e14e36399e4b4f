//! The line that a rule says of a finding: its template, filled with names.
//!
//! `{who}`, `{what}` and `{actions}` stand for names. `{has|have}` is a word in its form for one and for many of what was
//! named last before it, or first after it where nothing was.

/// What a headline is about.
pub(super) struct Names<'n> {
    /// The principals in words, and how many they are.
    pub who: (&'n str, usize),
    /// The resources in words, and how many they are.
    pub what: (&'n str, usize),
    /// The actions.
    pub actions: &'n str,
}

/// A part of a template.
#[derive(Debug, PartialEq, Eq)]
enum Part<'t> {
    Text(&'t str),
    Who,
    What,
    Actions,
    Number(&'t str, &'t str),
}

/// Cuts a template into parts.
fn parts(template: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        let Some((inside, tail)) = after.split_once('}') else {
            return Err("`headline`: a `{` without a `}`".to_owned());
        };
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        parts.push(match inside {
            "who" => Part::Who,
            "what" => Part::What,
            "actions" => Part::Actions,
            other => match other.split_once('|') {
                Some((one, many)) => Part::Number(one, many),
                None => {
                    let other = other.escape_debug();
                    return Err(format!(
                        "`headline`: `{{{other}}}` stands for nothing; there are {{who}}, {{what}}, {{actions}} and, for one \
                         or many of them, {{is|are}}"
                    ));
                }
            },
        });
        rest = tail;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

/// What is wrong with a template.
pub(super) fn check(template: &str) -> Result<(), String> {
    parts(template).map(|_| ())
}

/// The line, without a capital. What could not be decided is said as a guess.
pub(super) fn fill(template: &str, names: &Names<'_>, undecided: bool) -> String {
    let Ok(parts) = parts(template) else { return template.to_owned() };
    let number = |part: &Part<'_>| match part {
        Part::Who => Some(names.who.1),
        Part::What => Some(names.what.1),
        Part::Text(_) | Part::Actions | Part::Number(..) => None,
    };
    let mut count = parts.iter().find_map(number).unwrap_or(1);
    let mut line = String::new();
    if undecided {
        line.push_str("perhaps ");
    }
    for part in &parts {
        count = number(part).unwrap_or(count);
        match part {
            // A sentence that begins with a word of the rule goes on after "perhaps".
            Part::Text(text) if line == "perhaps " => {
                let mut letters = text.chars();
                line.extend(letters.next().into_iter().flat_map(char::to_lowercase).chain(letters));
            }
            Part::Text(text) => line.push_str(text),
            Part::Who => line.push_str(names.who.0),
            Part::What => line.push_str(names.what.0),
            Part::Actions => line.push_str(names.actions),
            Part::Number(one, many) => line.push_str(if count == 1 { one } else { many }),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_agree_with_what_was_named_last() {
        let one = Names { who: ("users a and b", 2), what: ("table x", 1), actions: "s3:DeleteBucket" };
        let say = |template: &str| fill(template, &one, false);
        assert_eq!(
            say("{who} {is|are} in, {what} {is|are} gone ({actions})"),
            "users a and b are in, table x is gone (s3:DeleteBucket)"
        );
        assert_eq!(say("{a|some} {what}"), "a table x");
        assert_eq!(say("nothing named"), "nothing named");
    }

    #[test]
    fn a_name_is_no_template() {
        let odd = Names { who: ("user {what}", 1), what: ("table {who|x}", 1), actions: "" };
        assert_eq!(fill("{who} takes {what}", &odd, false), "user {what} takes table {who|x}");
    }

    #[test]
    fn what_is_not_decided_is_a_guess() {
        let names = Names { who: ("", 0), what: ("DynamoDB table x", 1), actions: "" };
        assert_eq!(
            fill("No backup plan covers {what}", &names, true),
            "perhaps no backup plan covers DynamoDB table x"
        );
        assert_eq!(fill("{what} {has|have} none", &names, true), "perhaps DynamoDB table x has none");
    }

    #[test]
    fn a_template_that_says_nothing_known_is_refused() {
        assert!(check("{who} can {verb} it").is_err_and(|problem| problem.contains("`{verb}` stands for nothing")));
        assert!(check("{who can").is_err());
        assert_eq!(check("{who} {is|are} fine"), Ok(()));
    }
}
