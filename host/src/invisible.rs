//! Characters that are not shown as what they are.

/// Returns whether a terminal or an editor acts on a character, or shows nothing of it:
/// control characters, those that end a line or a paragraph or change the direction of
/// the text around them, and those that Unicode wants to be ignored where nothing can
/// show them.
///
/// The ranges are `Default_Ignorable_Code_Point` of `DerivedCoreProperties.txt` of Unicode
/// 16, all of `Bidi_Control` among them, with U+2028, U+2029 and the annotation characters
/// U+FFF9 to U+FFFB.
pub(crate) fn is_invisible(character: char) -> bool {
    // Most text is this.
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
    fn what_acts_or_hides_is_invisible_and_what_is_read_is_not() {
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
