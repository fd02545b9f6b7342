//! Reads `relevant` and `constraint`: the part of XPath that a survey's conditions could say.
//!
//! What is beyond that part is an error that names it. The length and the depth of an expression are bounded.

use super::limits::{EXPRESSION_CHARS_MAX, EXPRESSION_DEPTH_MAX};
use super::notes::quoted;

/// An expression that is true or false.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// One of these, or several.
    Or(Vec<Self>),
    /// All of these.
    And(Vec<Self>),
    Not(Box<Self>),
    Compare {
        left: Term,
        comparison: Comparison,
        right: Term,
    },
    /// `selected(${question}, 'choice')`
    Selected {
        question: String,
        choice: String,
    },
}

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    /// `${question}`
    Question(String),
    /// `.`, the answer itself, in a constraint.
    Itself,
    Text(String),
    Number(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The same with both sides swapped.
    pub(super) fn swapped(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }

    /// Whether it holds between two numbers. Nothing but "unequal" holds for what is no number, as in XPath.
    pub(super) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// Reads an expression.
///
/// # Errors
/// What in it cannot be said.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    if text.chars().count() > EXPRESSION_CHARS_MAX {
        return Err(format!("it is longer than {EXPRESSION_CHARS_MAX} characters"));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0 };
    let expression = parser.or(0)?;
    match parser.take() {
        None => Ok(expression),
        Some(token) => Err(parser.beyond(&token)),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Question(String),
    Text(String),
    Number(f64),
    /// A name: `and`, `selected`, `jr:choice-name`.
    Word(String),
    /// Anything else, as it stands there.
    Sign(&'static str),
}

/// Two characters before one, so that `>=` is not `>`.
const SIGNS: [&str; 17] =
    ["!=", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", "+", "-", "*", "/", "[", "]", "|"];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if let Some(inner) = rest.strip_prefix("${") {
            let (name, after) = inner.split_once('}').ok_or("a ${ is not closed")?;
            (Token::Question(name.trim().into()), after)
        } else if let Some(close) = closing(first) {
            let inner = &rest[first.len_utf8()..];
            let end = inner
                .find(close)
                .ok_or_else(|| format!("a quotation mark is not closed: {}", quoted(rest)))?;
            let after = &inner[end..];
            let mark = after.chars().next().map_or(0, char::len_utf8);
            (Token::Text(inner[..end].into()), &after[mark..])
        } else if first.is_ascii_digit() {
            let end = rest.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(rest.len());
            let number = rest[..end].parse().map_err(|_| format!("{} is no number", quoted(&rest[..end])))?;
            (Token::Number(number), &rest[end..])
        } else if first.is_alphabetic() || first == '_' {
            let is_of_word = |next: char| next.is_alphanumeric() || matches!(next, '_' | '-' | ':' | '.');
            let end = rest.find(|next| !is_of_word(next)).unwrap_or(rest.len());
            (Token::Word(rest[..end].into()), &rest[end..])
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| beyond(&first.to_string()))?;
            (Token::Sign(sign), &rest[sign.len()..])
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// Spreadsheet programs put in typographic quotation marks while one types.
fn closing(mark: char) -> Option<&'static [char]> {
    match mark {
        '\'' => Some(&['\'']),
        '"' => Some(&['"']),
        '‘' | '’' => Some(&['’', '‘']),
        '“' | '”' | '„' => Some(&['”', '“']),
        _ => None,
    }
}

fn beyond(part: &str) -> String {
    format!("show_if cannot say {}", quoted(part))
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += usize::from(token.is_some());
        token
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let is_next = self.peek() == Some(wanted);
        self.next += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        match self.take() {
            Some(Token::Sign(found)) if found == sign => Ok(()),
            Some(token) => Err(self.beyond(&token)),
            None => Err(format!("it ends where a {sign} is missing")),
        }
    }

    /// A function is shown with its bracket, so that `count` is not taken for a name.
    fn beyond(&self, token: &Token) -> String {
        let is_call = self.peek() == Some(&Token::Sign("("));
        beyond(&match token {
            Token::Question(name) => format!("${{{name}}}"),
            Token::Text(text) => format!("'{text}'"),
            Token::Number(number) => number.to_string(),
            Token::Word(word) if is_call => format!("{word}()"),
            Token::Word(word) => word.clone(),
            Token::Sign(sign) => (*sign).to_owned(),
        })
    }

    fn or(&mut self, depth: usize) -> Result<Expression, String> {
        let mut parts = vec![self.and(depth)?];
        while self.takes(&Token::Word("or".into())) {
            parts.push(self.and(depth)?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Expression, String> {
        let mut parts = vec![self.single(depth)?];
        while self.takes(&Token::Word("and".into())) {
            parts.push(self.single(depth)?);
        }
        Ok(one_or(parts, Expression::And))
    }

    fn single(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > EXPRESSION_DEPTH_MAX {
            return Err(format!("brackets stand more than {EXPRESSION_DEPTH_MAX} deep"));
        }
        if self.takes(&Token::Sign("(")) {
            return self.bracketed(depth);
        }
        let is_call = self.tokens.get(self.next + 1) == Some(&Token::Sign("("));
        match self.peek() {
            Some(Token::Word(word)) if is_call && word == "not" => {
                self.next += 2;
                Ok(Expression::Not(Box::new(self.bracketed(depth)?)))
            }
            Some(Token::Word(word)) if is_call && word == "selected" => {
                self.next += 2;
                self.selected()
            }
            _ => {
                let left = self.term()?;
                let comparison = self.comparison()?;
                Ok(Expression::Compare { left, comparison, right: self.term()? })
            }
        }
    }

    fn bracketed(&mut self, depth: usize) -> Result<Expression, String> {
        let inner = self.or(depth + 1)?;
        self.expect(")")?;
        Ok(inner)
    }

    fn selected(&mut self) -> Result<Expression, String> {
        let Term::Question(question) = self.term()? else {
            return Err("selected() has no question like ${reasons} in first place".into());
        };
        self.expect(",")?;
        let choice = match self.term()? {
            Term::Text(choice) => choice,
            Term::Number(number) => number.to_string(),
            Term::Question(_) | Term::Itself => {
                return Err("selected() has no choice like 'staff' in second place".into());
            }
        };
        self.expect(")")?;
        Ok(Expression::Selected { question, choice })
    }

    fn term(&mut self) -> Result<Term, String> {
        match self.take() {
            Some(Token::Question(name)) => Ok(Term::Question(name)),
            Some(Token::Text(text)) => Ok(Term::Text(text)),
            Some(Token::Number(number)) => Ok(Term::Number(number)),
            Some(Token::Sign(".")) => Ok(Term::Itself),
            Some(Token::Sign("-")) => match self.take() {
                Some(Token::Number(number)) => Ok(Term::Number(-number)),
                _ => Err(beyond("-")),
            },
            Some(token) => Err(self.beyond(&token)),
            None => Err("it ends too early".into()),
        }
    }

    fn comparison(&mut self) -> Result<Comparison, String> {
        match self.take() {
            Some(Token::Sign("=")) => Ok(Comparison::Equal),
            Some(Token::Sign("!=")) => Ok(Comparison::Unequal),
            Some(Token::Sign("<")) => Ok(Comparison::Less),
            Some(Token::Sign("<=")) => Ok(Comparison::LessOrEqual),
            Some(Token::Sign(">")) => Ok(Comparison::Greater),
            Some(Token::Sign(">=")) => Ok(Comparison::GreaterOrEqual),
            Some(token) => Err(self.beyond(&token)),
            None => Err("it compares with nothing".into()),
        }
    }
}

fn one_or(mut parts: Vec<Expression>, combine: fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() > 1 { combine(parts) } else { parts.remove(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(question: &str, comparison: Comparison, right: Term) -> Expression {
        Expression::Compare { left: Term::Question(question.into()), comparison, right }
    }

    #[test]
    fn and_binds_tighter_than_or_and_brackets_tighter_than_both() {
        let a = compare("a", Comparison::Equal, Term::Text("x".into()));
        let b = compare("b", Comparison::GreaterOrEqual, Term::Number(3.0));
        let c = Expression::Selected { question: "c".into(), choice: "y z".into() };
        assert_eq!(
            parse("${a} = 'x' or ${ b }>=3 and selected(${c}, \"y z\")"),
            Ok(Expression::Or(vec![a.clone(), Expression::And(vec![b.clone(), c.clone()])]))
        );
        assert_eq!(
            parse("not(${a}=‘x’ or ${b} >= 3.0) and (selected(${c},'y z'))"),
            Ok(Expression::And(vec![Expression::Not(Box::new(Expression::Or(vec![a, b]))), c]))
        );
        assert_eq!(parse("${a} != -99"), Ok(compare("a", Comparison::Unequal, Term::Number(-99.0))));
    }

    #[test]
    fn what_is_beyond_show_if_is_named() {
        for (text, named) in [
            ("count-selected(${a}) > 1", "show_if cannot say \"count-selected()\""),
            ("${a} + 1 > 2", "show_if cannot say \"+\""),
            ("today() > '2026-01-01'", "show_if cannot say \"today()\""),
            ("${a} = 'x' AND ${b} = 'y'", "show_if cannot say \"AND\""),
            ("${a}", "it compares with nothing"),
            ("${a} =", "it ends too early"),
            ("${a = 1", "a ${ is not closed"),
            ("${a} = 'x", "a quotation mark is not closed: \"'x\""),
            ("selected(., 'x')", "selected() has no question like ${reasons} in first place"),
            ("1.2.3 = ${a}", "\"1.2.3\" is no number"),
            ("#REF!", "show_if cannot say \"#\""),
            ("", "it ends too early"),
        ] {
            assert_eq!(parse(text).unwrap_err(), named, "{text}");
        }
    }

    #[test]
    fn long_and_deep_ones_cost_no_stack() {
        for text in ["(".repeat(EXPRESSION_CHARS_MAX), "not(".repeat(400), "(".repeat(1_000_000)] {
            assert!(parse(&text).is_err());
        }
    }
}
