//! The patterns that definition rows use: small enough to explain in a paragraph, and bounded.
//!
//! `*` is any run of characters, `#` one or more digits, `@` one or more characters that are no
//! blank; `{` and `}` stand around what is taken, `{}` is short for `{*}`; a backslash makes the
//! next character ordinary. Everything else stands for itself, letters in either case. A pattern
//! covers the whole text, and each run is as short as the rest allows.

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
    /// The letters that every covered text begins with, and those that it ends with: of hundreds of
    /// patterns that one sysDescr is held against, nearly all are told by them.
    front: Box<str>,
    back: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    Any,
    Digits,
    Word,
    Open,
    Close,
}

impl Token {
    fn is_brace(self) -> bool {
        matches!(self, Self::Open | Self::Close)
    }
}

/// A pattern that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("the pattern is empty or longer than 200 characters")]
    Length,
    #[error("the pattern has more than one pair of braces, or an odd one")]
    Braces,
    #[error("the pattern ends with a backslash")]
    Backslash,
    #[error("the pattern takes nothing: it has no braces")]
    TakesNothing,
}

/// Ceiling on comparisons for one text: a pattern with many runs must not stall on a hostile name.
/// A text that needs more does not match.
const MAX_STEPS: u32 = 20_000;

impl Pattern {
    /// Compiles.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() || text.chars().count() > 200 {
            return Err(PatternError::Length);
        }
        let mut tokens = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let token = match character {
                '*' => Token::Any,
                '#' => Token::Digits,
                '@' => Token::Word,
                '{' => Token::Open,
                '}' => {
                    if tokens.last() == Some(&Token::Open) {
                        tokens.push(Token::Any);
                    }
                    Token::Close
                }
                '\\' => Token::Literal(characters.next().ok_or(PatternError::Backslash)?),
                ordinary => Token::Literal(ordinary),
            };
            tokens.push(token);
        }
        let braces: Vec<Token> = tokens
            .iter()
            .filter(|token| token.is_brace())
            .copied()
            .collect();
        match braces.as_slice() {
            [] | [Token::Open, Token::Close] => Ok(Self {
                front: letters(tokens.iter()).collect(),
                back: {
                    let back: Vec<char> = letters(tokens.iter().rev()).collect();
                    back.into_iter().rev().collect()
                },
                tokens,
            }),
            _ => Err(PatternError::Braces),
        }
    }

    /// Like [`parse`](Self::parse), but the pattern must have braces.
    pub(crate) fn parse_taking(text: &str) -> Result<Self, PatternError> {
        let pattern = Self::parse(text)?;
        if pattern.tokens.contains(&Token::Open) {
            Ok(pattern)
        } else {
            Err(PatternError::TakesNothing)
        }
    }

    /// Whether the pattern covers `text`.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.run(text).is_some()
    }

    /// What stands between the braces, where the pattern covers `text`.
    pub(crate) fn take<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (start, end) = self.run(text)?;
        text.get(start..end)
    }

    fn run(&self, text: &str) -> Option<(usize, usize)> {
        if !begins_with(text, &self.front) || !ends_with(text, &self.back) {
            return None;
        }
        let mut steps = 0;
        let mut taken = (0, text.len());
        step(&self.tokens, text, 0, &mut taken, &mut steps).then_some(taken)
    }
}

/// The letters up to the first run, braces left out.
fn letters<'t>(tokens: impl Iterator<Item = &'t Token>) -> impl Iterator<Item = char> {
    tokens
        .filter(|token| !token.is_brace())
        .map_while(|token| match token {
            Token::Literal(letter) => Some(*letter),
            _ => None,
        })
}

/// Letters are the same in either case of ASCII, whose octets no other letter has.
fn begins_with(text: &str, front: &str) -> bool {
    let found = text.as_bytes().get(..front.len());
    found.is_some_and(|found| found.eq_ignore_ascii_case(front.as_bytes()))
}

fn ends_with(text: &str, back: &str) -> bool {
    let at = text.len().checked_sub(back.len());
    let found = at.and_then(|at| text.as_bytes().get(at..));
    found.is_some_and(|found| found.eq_ignore_ascii_case(back.as_bytes()))
}

/// Whether `tokens` cover `text` from byte `at` on.
fn step(
    tokens: &[Token],
    text: &str,
    at: usize,
    taken: &mut (usize, usize),
    steps: &mut u32,
) -> bool {
    *steps += 1;
    if *steps > MAX_STEPS {
        return false;
    }
    let rest = text.get(at..).unwrap_or_default();
    let Some((token, tokens)) = tokens.split_first() else {
        return rest.is_empty();
    };
    match token {
        Token::Literal(expected) => rest
            .chars()
            .next()
            .filter(|found| found.eq_ignore_ascii_case(expected))
            .is_some_and(|found| step(tokens, text, at + found.len_utf8(), taken, steps)),
        Token::Open => {
            taken.0 = at;
            step(tokens, text, at, taken, steps)
        }
        Token::Close => {
            let before = taken.1;
            taken.1 = at;
            let matched = step(tokens, text, at, taken, steps);
            if !matched {
                taken.1 = before;
            }
            matched
        }
        Token::Any => match next_letter(tokens).map(u8::try_from) {
            Some(Ok(letter)) if letter.is_ascii() => up_to(letter, tokens, text, at, taken, steps),
            _ => run_of(tokens, text, at, 0, |_| true, taken, steps),
        },
        Token::Digits => run_of(tokens, text, at, 1, |c| c.is_ascii_digit(), taken, steps),
        Token::Word => run_of(tokens, text, at, 1, |c| !c.is_whitespace(), taken, steps),
    }
}

/// The letter that the pattern goes on with, where it does with one.
fn next_letter(tokens: &[Token]) -> Option<char> {
    match tokens.iter().find(|token| !token.is_brace()) {
        Some(Token::Literal(letter)) => Some(*letter),
        _ => None,
    }
}

/// A run of anything up to a letter of ASCII: only places that have it are worth a step, and they
/// are told without looking at characters.
fn up_to(
    letter: u8,
    tokens: &[Token],
    text: &str,
    at: usize,
    taken: &mut (usize, usize),
    steps: &mut u32,
) -> bool {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let mut places = rest.iter().enumerate();
    places.any(|(place, found)| {
        found.eq_ignore_ascii_case(&letter) && step(tokens, text, at + place, taken, steps)
    })
}

fn run_of(
    tokens: &[Token],
    text: &str,
    at: usize,
    least: usize,
    belongs: impl Fn(char) -> bool,
    taken: &mut (usize, usize),
    steps: &mut u32,
) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    if tokens.is_empty() {
        return rest.chars().count() >= least && rest.chars().all(belongs);
    }
    // Where the pattern goes on with a letter, only places that have it are worth a step.
    let wanted = next_letter(tokens);
    let mut end = at;
    let mut count = 0;
    let mut characters = rest.chars();
    loop {
        let next = characters.next();
        let worth =
            wanted.is_none_or(|wanted| next.is_some_and(|n| n.eq_ignore_ascii_case(&wanted)));
        if count >= least && worth && step(tokens, text, end, taken, steps) {
            return true;
        }
        match next.filter(|found| belongs(*found)) {
            Some(found) if *steps <= MAX_STEPS => {
                end += found.len_utf8();
                count += 1;
            }
            Some(_) | None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(pattern: &str, text: &str, expected: Option<&str>) {
        let compiled = Pattern::parse(pattern).expect("valid");
        assert_eq!(compiled.take(text), expected, "{pattern:?} over {text:?}");
    }

    #[test]
    fn a_pattern_takes_what_stands_between_its_braces() {
        check("*,SN:{},*", "HP,SN:VNC1,FN:4Q", Some("VNC1"));
        check("{}-#-#", "74636C6601FK2-130-0", Some("74636C6601FK2"));
        check("{}-#-#", "CN-12-AB", None);
        check(
            "Xerox {};*",
            "Xerox WorkCentre 6605DN; Net 1",
            Some("WorkCentre 6605DN"),
        );
        check(
            "Lexmark {} @ @.*",
            "Lexmark MX711 7463 LW62.TU.P636",
            Some("MX711"),
        );
        check("Lexmark {} @ @.*", "Lexmark Forms Printer 2591", None);
        check("{TK-*}", "tk-1162", Some("tk-1162"));
        check("*: {} :*", "a: é :b", Some("é"));
        check("a\\*{}", "a*b", Some("b"));
    }

    #[test]
    fn a_pattern_without_braces_takes_the_whole() {
        check("HP *", "hp laserjet", Some("hp laserjet"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in ["", "{a", "a}", "{a}{b}", "}{", "a\\"] {
            assert!(Pattern::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Pattern::parse_taking("a*"), Err(PatternError::TakesNothing));
    }

    #[test]
    fn a_hostile_text_ends() {
        let pattern = Pattern::parse("*a*a*a*a*a*a*a*b").expect("valid");
        assert!(!pattern.matches(&"a".repeat(1024)));
    }

    proptest! {
        #[test]
        fn a_pattern_is_told_by_its_ends_only_where_they_differ(
            pattern in "[aAé*#@]{1,6}",
            text in "[aAéb1 ]{0,8}",
        ) {
            let pattern = Pattern::parse(&pattern).expect("valid");
            let covered = step(&pattern.tokens, &text, 0, &mut (0, text.len()), &mut 0);
            prop_assert_eq!(pattern.matches(&text), covered);
        }

        #[test]
        fn no_pattern_and_text_panic(pattern in "[a*#@{}\\\\é ]{0,12}", text in "[aé1 ]{0,30}") {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                let _ = pattern.take(&text);
            }
        }
    }
}
