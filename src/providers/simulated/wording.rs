//! Words, their stems, and the keywords in a phrase that a person wrote.

use std::collections::HashSet;
use std::sync::LazyLock;

/// A longer run of letters is no word; only its start is kept.
const WORD_CHARS_MAX: usize = 40;

/// Keywords of one bullet that are kept: more would be a dictionary.
const KEYWORDS_MAX: usize = 200;

/// Words of one keyword that are kept.
const KEYWORD_WORDS_MAX: usize = 8;

/// Always dropped from a keyword.
const FUNCTION_WORDS: &str = "a an the of to in on at by for from with as is are was were be been being has have had \
    do does did it its this that these those their theirs his her hers they them he she you your we our us i my me who \
    whom whose which what any some all every each such so than then there also even just about into not no will would \
    can too could should may might must when if whenever while where how but etc eg ie";

/// Dropped from a keyword that has other words: what a prompt's author says about tickets, not what tickets say.
const FILLER_WORDS: &str = "customer client user person people someone somebody anyone anybody anything something \
    ticket message mention say state ask want talk write refer involve threaten report \
    describe contain include concern need tell speak case kind sort like related regarding \
    question issue problem matter thing help always please only go going gone get take make \
    made open raise start file possible potential other own against";

/// Dropped, too, from a condition inside a sentence: "set escalate to true if ...".
const INSTRUCTION_WORDS: &str = "mark set true false escalate flag";

static FUNCTION_STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| stems_of(FUNCTION_WORDS));
static FILLER_STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| stems_of(FILLER_WORDS));
static CONDITION_STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| &*FILLER_STEMS | &stems_of(INSTRUCTION_WORDS));

fn stems_of(list: &str) -> HashSet<String> {
    list.split_whitespace().map(stem).collect()
}

/// A word with its place in the text it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// In lower case, without apostrophes.
    pub(super) lower: String,
    /// First byte.
    pub(super) start: usize,
    /// Byte after the last.
    pub(super) end: usize,
}

/// The words of a text, in order: runs of letters and digits. A Chinese or Japanese character is a word by itself,
/// since
/// nothing separates the words there.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word> + '_ {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = chars.find(|(_, c)| c.is_alphanumeric())?;
        let mut word = Word {
            lower: first.to_lowercase().collect(),
            start,
            end: start + first.len_utf8(),
        };
        let mut length = 1;
        while let Some(&(at, c)) = chars.peek() {
            if is_ideograph(first) || is_ideograph(c) || !(c.is_alphanumeric() || is_apostrophe(c)) {
                break;
            }
            chars.next();
            word.end = at + c.len_utf8();
            if length < WORD_CHARS_MAX && !is_apostrophe(c) {
                word.lower.extend(c.to_lowercase());
                length += 1;
            }
        }
        Some(word)
    })
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

/// A word without its common English ending, so that charge, charges, charged and charging are one.
/// The result need not be a word. Words of other languages stay as they are.
pub(super) fn stem(word: &str) -> String {
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let mut root = without_ending(&singular(word));
    if root.ends_with('e') && root.len() > 3 {
        root.pop();
    }
    if let Some(short) = without_doubling(&root) {
        root = short;
    }
    match root.strip_suffix("iz") {
        Some(start) => format!("{start}is"),
        None => root,
    }
}

fn singular(word: &str) -> String {
    if let Some(start) = word.strip_suffix("ies").filter(|start| start.len() >= 2) {
        return format!("{start}y");
    }
    let keeps_s = word.len() <= 3 || ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending));
    word.strip_suffix('s').filter(|_| !keeps_s).unwrap_or(word).to_owned()
}

fn without_ending(word: &str) -> String {
    if let Some(start) = word.strip_suffix("ied").filter(|start| start.len() >= 2) {
        return format!("{start}y");
    }
    let has_vowel = |start: &&str| start.len() >= 3 && start.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    let verb = word
        .strip_suffix("ing")
        .or_else(|| word.strip_suffix("ed"))
        .filter(has_vowel);
    let noun = word
        .strip_suffix("ion")
        .filter(|start| start.len() >= 4 && start.ends_with(['t', 's']));
    verb.or(noun).unwrap_or(word).to_owned()
}

/// `cancell` of cancelled becomes `cancel`; bill becomes `bil` with billed.
fn without_doubling(root: &str) -> Option<String> {
    let mut chars = root.chars();
    let last = chars.next_back()?;
    let short = chars.as_str();
    let doubled = short.ends_with(last) && !matches!(last, 'a' | 'e' | 'i' | 'o' | 'u');
    (doubled && short.len() >= 3).then(|| short.to_owned())
}

/// One keyword of a prompt: a word or a few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keyword {
    /// The words as the prompt has them, without those that do not count.
    pub(super) source: String,
    /// What is looked for in the ticket.
    pub(super) stems: Vec<String>,
}

impl Keyword {
    /// The name of an option as a keyword; none where it is no more than an article or a letter.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        keyword(&words(name).collect::<Vec<_>>(), &HashSet::new())
    }
}

/// The keywords of one bullet or sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Keywords {
    /// Any of these counts.
    pub(super) any: Vec<Keyword>,
    /// Each of these switches the whole bullet off.
    pub(super) none: Vec<Keyword>,
}

impl Keywords {
    /// Reads what stands in a bullet. A bullet of filler words alone ("threats") keeps them.
    pub(super) fn read(text: &str) -> Self {
        let keywords = Self::collect(text, &FILLER_STEMS);
        if keywords.any.is_empty() {
            Self::collect(text, &HashSet::new())
        } else {
            keywords
        }
    }

    /// Reads the condition inside a sentence: filler words alone are no keyword.
    pub(super) fn read_condition(text: &str) -> Self {
        Self::collect(text, &CONDITION_STEMS)
    }

    fn collect(text: &str, filler: &HashSet<String>) -> Self {
        let mut keywords = Self::default();
        for sentence in text.split([';', '.', '!', '?', ')']) {
            let mut excluding = false;
            for piece in sentence.split([
                ',', ':', '/', '|', '(', '"', '\u{201c}', '\u{201d}', '`', '\u{2013}', '\u{2014}',
            ]) {
                for part in conjuncts(piece) {
                    excluding = excluding || part.excludes;
                    let Some(keyword) = keyword(&part.words, filler) else {
                        continue;
                    };
                    keywords.add(keyword, excluding);
                }
            }
        }
        keywords
    }

    /// Adds another keyword, unless the same words stand there in another form.
    pub(super) fn add(&mut self, keyword: Keyword, excluding: bool) {
        let list = if excluding { &mut self.none } else { &mut self.any };
        if list.len() < KEYWORDS_MAX && list.iter().all(|known| known.stems != keyword.stems) {
            list.push(keyword);
        }
    }
}

#[derive(Default)]
struct Conjunct {
    words: Vec<Word>,
    excludes: bool,
}

fn conjuncts(piece: &str) -> Vec<Conjunct> {
    let mut parts = vec![Conjunct::default()];
    let mut after_but = false;
    for word in words(piece) {
        let excludes =
            matches!(word.lower.as_str(), "except" | "unless" | "excluding") || (after_but && word.lower == "not");
        after_but = word.lower == "but";
        if excludes || matches!(word.lower.as_str(), "or" | "and") {
            parts.push(Conjunct {
                words: Vec::new(),
                excludes,
            });
        } else if let Some(part) = parts.last_mut() {
            part.words.push(word);
        }
    }
    parts
}

fn keyword(words: &[Word], filler: &HashSet<String>) -> Option<Keyword> {
    let mut source = Vec::new();
    let mut stems: Vec<String> = Vec::new();
    for word in words {
        let stem = stem(&word.lower);
        let letter = word.lower.len() == 1;
        if letter || FUNCTION_STEMS.contains(&stem) || filler.contains(&stem) || stems.contains(&stem) {
            continue;
        }
        source.push(word.lower.as_str());
        stems.push(stem);
        if stems.len() == KEYWORD_WORDS_MAX {
            break;
        }
    }
    (!stems.is_empty()).then(|| Keyword {
        source: source.join(" "),
        stems,
    })
}
