use pegbox::tui::command::markdown_table;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- keys -->\n";
const END: &str = "<!-- end of keys -->";

#[test]
fn the_key_table_is_the_command_table() {
    let readme = std::fs::read_to_string(README).expect("the README");
    let (before, rest) = readme.split_once(BEGIN).expect("where the key table begins");
    let (table, after) = rest.split_once(END).expect("where it ends");
    let expected = format!("\n{}\n", markdown_table());
    if crate::is_blessing() {
        std::fs::write(README, format!("{before}{BEGIN}{expected}{END}{after}")).expect("the README can be written");
    } else {
        assert!(
            table == expected,
            "the README's key table is old: PEGBOX_BLESS=1 cargo test --test readme"
        );
    }
}
