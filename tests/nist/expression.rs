//! Formulas as text, such as `b1*(1-exp(-b2*x))`, written into a graph.

use gradus::prelude::*;

/// The expression of a formula: sums, products, powers, signs, parentheses, functions, numbers and
/// `pi`, and the names for which `name` has an expression.
pub fn parse<'g>(
    g: &'g Graph, text: &str, name: &dyn Fn(&str) -> Option<Expr<'g>>,
) -> Result<Expr<'g>, String> {
    let mut parser = Parser { g, text, rest: text, name };
    let y = parser.sum()?;
    match parser.peek() {
        None => Ok(y),
        Some(_) => Err(parser.wanted("an operator or the end")),
    }
}

struct Parser<'g, 't> {
    g: &'g Graph,
    text: &'t str,
    rest: &'t str,
    name: &'t dyn Fn(&str) -> Option<Expr<'g>>,
}

impl<'g, 't> Parser<'g, 't> {
    fn sum(&mut self) -> Result<Expr<'g>, String> {
        let mut y = self.product()?;
        loop {
            if self.takes('+') {
                y = y + self.product()?;
            } else if self.takes('-') {
                y = y - self.product()?;
            } else {
                return Ok(y);
            }
        }
    }

    fn product(&mut self) -> Result<Expr<'g>, String> {
        let mut y = self.signed()?;
        loop {
            if self.takes('*') {
                y = y * self.signed()?;
            } else if self.takes('/') {
                y = y / self.signed()?;
            } else {
                return Ok(y);
            }
        }
    }

    /// A sign binds less than a power: −x² is −(x²).
    fn signed(&mut self) -> Result<Expr<'g>, String> {
        if self.takes('-') { Ok(-self.signed()?) } else { self.power() }
    }

    fn power(&mut self) -> Result<Expr<'g>, String> {
        let base = self.atom()?;
        if !self.takes('^') {
            return Ok(base);
        }
        if let Ok(exponent) = self.word(|c| c.is_ascii_digit()).parse() {
            return Ok(pow_const(base, exponent));
        }
        let exponent = self.atom()?;
        // A power wants two operands of one shape.
        let one = base.filled(1.0);
        Ok(pow(base, one * exponent))
    }

    fn atom(&mut self) -> Result<Expr<'g>, String> {
        if self.takes('(') {
            return self.closed();
        }
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let numeric = self.peek().is_some_and(is_number);
        let word = self.word(|c| if numeric { is_number(c) } else { c.is_alphanumeric() });
        if let Ok(number) = word.parse() {
            return Ok(constant(self.g, number));
        }
        match word {
            "" => Err(self.wanted("a number, a name or (")),
            "pi" => Ok(constant(self.g, std::f64::consts::PI)),
            word if self.takes('(') => {
                let function = match word {
                    "exp" => exp,
                    "sin" => sin,
                    "cos" => cos,
                    "arctan" => atan,
                    _ => return Err(format!("there is no function `{word}` in `{}`", self.text)),
                };
                Ok(function(self.closed()?))
            }
            word => (self.name)(word)
                .ok_or_else(|| format!("nothing is called `{word}` in `{}`", self.text)),
        }
    }

    /// What comes before a closing parenthesis.
    fn closed(&mut self) -> Result<Expr<'g>, String> {
        let y = self.sum()?;
        if self.takes(')') { Ok(y) } else { Err(self.wanted(")")) }
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn takes(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn wanted(&self, what: &str) -> String {
        format!("{what} is wanted before `{}` in `{}`", self.rest, self.text)
    }
}
