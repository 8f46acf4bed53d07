//! The words of an expression, one after the other.

use super::Refused;

/// More than any expression of DynamoDB may have.
const EXPRESSION_BYTES_MAX: usize = 4096;

/// A word of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `#name`, with its `#`.
    Name(String),
    /// `:value`, with its `:`.
    Value(String),
    /// A keyword or a function, in capitals.
    Word(String),
    /// Everything else: `=`, `<`, `<=`, `>`, `>=`, `<>`, `(`, `)`, `,`.
    Sign(&'static str),
}

/// Longer signs come first, so that `<=` is not read as `<`.
const SIGNS: [&str; 9] = ["<=", ">=", "<>", "=", "<", ">", "(", ")", ","];

/// The words that are still to be read, the next one last.
#[derive(Debug)]
pub(super) struct Tokens {
    rest: Vec<Token>,
    text: String,
}

impl Tokens {
    pub(super) fn read(text: &str) -> Result<Self, Refused> {
        if EXPRESSION_BYTES_MAX < text.len() {
            return Err(Refused::invalid("An expression is longer than 4096 bytes"));
        }
        let (mut tokens, mut rest) = (Vec::new(), text.trim_start());
        while !rest.is_empty() {
            let (token, length) = first(rest).ok_or_else(|| {
                Refused::invalid(format!(
                    "Invalid expression {text:?}: syntax error at {rest:?}"
                ))
            })?;
            tokens.push(token);
            rest = rest[length..].trim_start();
        }
        tokens.reverse();
        Ok(Self {
            rest: tokens,
            text: text.to_owned(),
        })
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        self.rest.pop()
    }

    /// Takes the next token if it is this one.
    pub(super) fn take(&mut self, token: &Token) -> bool {
        let is_next = self.rest.last() == Some(token);
        if is_next {
            self.rest.pop();
        }
        is_next
    }

    pub(super) fn take_sign(&mut self, sign: &'static str) -> bool {
        self.take(&Token::Sign(sign))
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        self.take(&Token::Word(word.to_owned()))
    }

    pub(super) fn expect_sign(&mut self, sign: &'static str) -> Result<(), Refused> {
        if self.take_sign(sign) {
            return Ok(());
        }
        Err(self.wrong(&format!("expected {sign}")))
    }

    /// `#name`, with its `#`. A bare name is refused: DynamoDB reserves 573 of them, and an
    /// expression without any is never one of those.
    pub(super) fn expect_name(&mut self) -> Result<String, Refused> {
        match self.next() {
            Some(Token::Name(name)) => Ok(name),
            _ => Err(self.wrong("expected an attribute as #name; other forms are not emulated")),
        }
    }

    pub(super) fn expect_value(&mut self) -> Result<String, Refused> {
        match self.next() {
            Some(Token::Value(value)) => Ok(value),
            _ => Err(self.wrong("expected :value; other forms are not emulated")),
        }
    }

    pub(super) fn expect_end(&self) -> Result<(), Refused> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(self.wrong("expected its end"))
    }

    /// Says what is wrong, and before what.
    pub(super) fn wrong(&self, what: &str) -> Refused {
        let left = self.rest.len();
        let text = &self.text;
        Refused::invalid(format!(
            "Invalid expression {text:?}: {what}, {left} words before its end"
        ))
    }
}

/// The first token of a text that is not empty, and how long it is.
fn first(text: &str) -> Option<(Token, usize)> {
    if let Some(sign) = SIGNS.into_iter().find(|sign| text.starts_with(sign)) {
        return Some((Token::Sign(sign), sign.len()));
    }
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mark = usize::from(text.starts_with(['#', ':']));
    let word = text[mark..].bytes().take_while(|byte| is_word(*byte));
    let length = mark + word.count();
    if length == mark {
        return None;
    }
    let token = &text[..length];
    let token = match token.as_bytes()[0] {
        b'#' => Token::Name(token.to_owned()),
        b':' => Token::Value(token.to_owned()),
        _ => Token::Word(token.to_ascii_uppercase()),
    };
    Some((token, length))
}
