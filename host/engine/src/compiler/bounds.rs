//! Rejects components that no real compiler produces, and that would cost far more to compile than
//! their size suggests. The check only scans the code, in linear time; a component that passes it
//! is still subject to the limits of the compiling process.

use wasmparser::{FunctionBody, Operator, Parser, Payload};

/// Maximum modules and components in a component.
const UNITS: usize = 1000;
/// Maximum functions in all of them.
const FUNCTIONS: usize = 1_000_000;
/// Maximum size of a function, in bytes.
const FUNCTION: usize = 4 << 20;
/// Maximum nesting depth of loops in a function. Human-written code stops at ten.
const LOOPS: usize = 64;
/// Maximum nesting depth of blocks. A `switch` has one block for each case.
const BLOCKS: usize = 10_000;
/// Maximum product of the loops and the locals of a function: a compiler can need the value of
/// every local in every loop.
const PAIRS: u64 = 4_000_000;

/// Checks a component against every bound. Parts that cannot be parsed are left to the compiler.
///
/// # Errors
/// Returns an error if a bound is exceeded, with a description of the bound.
pub(crate) fn check(component: &[u8]) -> Result<(), String> {
    let (mut units, mut functions) = (0, 0);
    for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                units += 1;
                at_most("it has", units, "modules and components", UNITS)?;
            }
            Payload::CodeSectionEntry(body) => {
                functions += 1;
                at_most("it has", functions, "functions", FUNCTIONS)?;
                function(&body)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn function(body: &FunctionBody<'_>) -> Result<(), String> {
    at_most("a function has", body.as_bytes().len(), "bytes", FUNCTION)?;
    let locals = body.get_locals_reader().into_iter().flatten();
    let locals: u64 = locals.map_while(Result::ok).map(|(count, _)| u64::from(count)).sum();
    let Ok(mut operators) = body.get_operators_reader() else { return Ok(()) };
    // One entry for each open block: `true` for a loop.
    let (mut open, mut depth, mut loops) = (Vec::new(), 0, 0);
    while let Ok(operator) = operators.read() {
        match operator {
            Operator::Loop { .. } => {
                (depth, loops) = (depth + 1, loops + 1);
                open.push(true);
                at_most("a function nests", depth, "loops", LOOPS)?;
            }
            Operator::Block { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. }
            | Operator::Try { .. } => {
                open.push(false);
                at_most("a function nests", open.len(), "blocks", BLOCKS)?;
            }
            Operator::End | Operator::Delegate { .. } => {
                depth -= usize::from(open.pop() == Some(true));
            }
            _ => {}
        }
    }
    if locals * loops > PAIRS {
        return Err(format!(
            "a function has {loops} loops and {locals} locals; the product of both exceeds {PAIRS}"
        ));
    }
    Ok(())
}

fn at_most(what: &str, number: usize, noun: &str, max: usize) -> Result<(), String> {
    match number <= max {
        true => Ok(()),
        false => Err(format!("{what} more than {max} {noun}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with one function of this body.
    fn component(body: &str) -> Vec<u8> {
        wat::parse_str(format!("(component (core module (func {body})))")).unwrap()
    }

    fn nested(open: &str, depth: usize) -> String {
        format!("{}{}", format!("{open} ").repeat(depth), "end ".repeat(depth))
    }

    #[test]
    fn excessive_functions_are_rejected() {
        let locals = |count: usize| format!("(local {})", "i64 ".repeat(count));
        let many = format!("{}{}", locals(40_000), "loop end ".repeat(101));
        for (body, expected) in [
            (nested("loop", LOOPS + 1), "a function nests more than 64 loops"),
            (nested("block", BLOCKS + 1), "a function nests more than 10000 blocks"),
            (many, "a function has 101 loops and 40000 locals"),
            ("nop ".repeat(FUNCTION), "a function has more than 4194304 bytes"),
        ] {
            let error = check(&component(&body)).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        let modules = format!("(component {})", "(core module)".repeat(UNITS + 1));
        let error = check(&wat::parse_str(modules).unwrap()).unwrap_err();
        assert_eq!(error, "it has more than 1000 modules and components");
    }

    #[test]
    fn ordinary_functions_pass() {
        let body = format!("{}{}", "(local i64 i32)", nested("loop", 20) + &nested("block", 2000));
        assert_eq!(check(&component(&body)), Ok(()));
        assert_eq!(check(b"no component"), Ok(()));
    }
}
