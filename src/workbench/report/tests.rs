use super::page::{Block, Cell, Page};

/// What a hostile model, dataset or file name may say.
const HOSTILE: &str = "</pre></td><script>alert(1)</script><img src=x onerror=alert(2)> ```\n# Passed | all | \
                       ![x](http://a.b/c) [ok](javascript:x) https://evil.example www.evil.example &lt; \u{202e}\
                       \u{1b}[31m <!-- --> 'a\"";

fn page() -> Page {
    let hostile = || HOSTILE.to_owned();
    Page {
        title: hostile(),
        blocks: vec![
            Block::Heading(2, hostile()),
            Block::Paragraph(hostile()),
            Block::Notice(hostile()),
            Block::Facts(vec![("name", hostile())]),
            Block::Table {
                headings: vec![hostile(), "with interval".into()],
                rows: vec![vec![
                    Cell::Text(hostile()),
                    Cell::Bar {
                        value: 0.75,
                        interval: Some((0.5, 0.875)),
                    },
                ]],
            },
            Block::Text {
                title: "answer",
                text: hostile(),
            },
            Block::Command(hostile()),
        ],
    }
}

/// The names of the tags of an HTML text, with their attributes.
fn tags(html: &str) -> Vec<&str> {
    html.split('<')
        .skip(1)
        .map(|rest| rest.split_once('>').unwrap().0)
        .collect()
}

#[test]
fn hostile_text_makes_no_tag_in_html() {
    let html = page().html();
    for tag in tags(&html) {
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
        let ours = [
            "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "thead", "tbody",
            "tr", "th", "td", "pre", "svg", "line", "rect", "circle",
        ];
        assert!(ours.contains(&name), "{tag}");
        assert!(!tag.contains("onerror") && !tag.contains("src="), "{tag}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!html.contains(['\u{202e}', '\u{1b}']));
}

#[test]
fn hostile_text_is_no_markup_in_markdown() {
    let markdown = page().markdown();
    assert!(!markdown.contains(['\u{202e}', '\u{1b}']));
    let mut fence: Option<usize> = None;
    for line in markdown.lines() {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        if let Some(open) = fence {
            if ticks >= open && line.chars().all(|c| c == '`') {
                fence = None;
            }
            continue;
        }
        if ticks >= 3 {
            fence = Some(ticks);
            continue;
        }
        let line = &line.replace("\\]", "").replace("\\:", "");
        for forbidden in ["<script", "<img", "](", "://", "www.evil", "<!--"] {
            assert!(!line.contains(forbidden), "{forbidden}: {line}");
        }
        if line.starts_with('|') {
            let bars = line.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 3, "two cells: {line}");
        }
    }
    assert_eq!(fence, None, "every block of text is closed");
}

#[test]
fn intervals_are_drawn_where_they_are() {
    let markdown = page().markdown();
    assert!(
        markdown.contains("`[----------====O===--]` 0.500 to 0.875"),
        "{markdown}"
    );
    let html = page().html();
    assert!(html.contains("aria-label=\"0.750, between 0.500 and 0.875\""), "{html}");
    let odd = Page {
        title: String::new(),
        blocks: vec![Block::Table {
            headings: vec![String::new()],
            rows: vec![vec![Cell::Bar {
                value: f64::NAN,
                interval: Some((-1.0, f64::INFINITY)),
            }]],
        }],
    };
    assert!(odd.markdown().contains('O') && odd.html().contains("<circle"));
}
