//! Characters that display as something else or as nothing.

/// Returns whether a terminal or an editor interprets a character or hides it: control
/// characters, line and paragraph separators, characters that change the direction of the
/// surrounding text, and characters that Unicode defines as ignorable where they cannot be
/// displayed.
///
/// The ranges are `Default_Ignorable_Code_Point` of `DerivedCoreProperties.txt` of Unicode
/// 16, all of `Bidi_Control` among them, with U+2028, U+2029 and the annotation characters
/// U+FFF9 to U+FFFB.
pub fn is_invisible(character: char) -> bool {
    // Fast path: most text is printable ASCII.
    if matches!(character, ' '..='~') {
        return false;
    }
    character.is_control()
        || matches!(character,
            '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_format_characters_are_invisible_and_text_is_not() {
        for character in [
            '\0',
            '\x1b',
            '\u{7f}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2060}',
            '\u{2069}',
            '\u{206f}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fffb}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e007f}',
            '\u{e01ef}',
        ] {
            assert!(is_invisible(character), "{:x}", u32::from(character));
        }
        for character in " a~ž中🐎\u{a0}\u{301}\u{640}".chars() {
            assert!(!is_invisible(character), "{character}");
        }
    }
}
