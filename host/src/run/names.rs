//! The names under which a driver sees its inputs: `df_<step id>`, made safe
//! for SQL and for most languages.

use crate::canonical::sha256;

/// One name per upstream step, in the same order. Ids that become the same
/// name each get 8 hex digits of their own hash.
pub(super) fn input_names(ids: &[&str]) -> Vec<String> {
    let plain: Vec<String> = ids.iter().map(|id| sanitize(id)).collect();
    let unique = |name: &String| plain.iter().filter(|other| *other == name).count() == 1;
    let name = |(id, name): (&&str, &String)| match unique(name) {
        true => format!("df_{name}"),
        false => format!("df_{name}_{}", &sha256(id)[..8]),
    };
    ids.iter().zip(&plain).map(name).collect()
}

fn sanitize(id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let name: String = id.chars().map(safe).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_unique() {
        let names = |ids: &[&str]| input_names(ids).join(" ");
        assert_eq!(names(&["extract-movies", "123movies"]), "df_extract_movies df__123movies");
        assert_eq!(names(&["step@123#test"]), "df_step_123_test");
        let collided = input_names(&["a-b", "a_b", "c"]);
        assert_eq!(collided[2], "df_c");
        assert!(collided[0] != collided[1] && collided[0].len() == "df_a_b_12345678".len());
    }
}
