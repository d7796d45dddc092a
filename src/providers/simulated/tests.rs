use serde_json::{Value, json};

use super::wording::{Keywords, stem};
use super::*;

fn ask_with(system: &str, ticket: &str, change: impl FnOnce(&mut SimRequest<'_>)) -> SimReply {
    let messages = [
        SimMessage {
            role: "system",
            text: system,
        },
        SimMessage {
            role: "user",
            text: ticket,
        },
    ];
    let mut request = SimRequest {
        messages: &messages,
        temperature: 0.0,
        seed: 1,
        max_output_tokens: None,
        wants_json: false,
    };
    change(&mut request);
    answer(&request)
}

fn ask(system: &str, ticket: &str) -> String {
    ask_with(system, ticket, |_| {}).text
}

fn ask_json(system: &str, ticket: &str) -> Value {
    let text = ask(system, ticket);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

const OTHER_PROMPT: &str = "\
# Task
Sort the mails of a city library.

## Categories
1. **loans** - borrow, renew, overdue book
2. **events** - reading, workshop; except online
3. `rooms` - study room, key
4. other - anything else

Priority:
- high: today, blocked
- low: whenever
Otherwise: normal

## Urgent mails
Mark as urgent if a mail is about any of these:
- water damage / flood
- theft
Never urgent: a joke

Return only this JSON:
{
  \"category\": \"<category>\",
  \"priority\": \"...\",
  \"urgent\": <true|false>,
  \"confidence\": 0.0,
  \"keywords\": [\"...\"],
  \"why\": \"one sentence\"
}";

#[test]
fn another_prompt_with_other_fields_works_the_same() {
    let answer = ask_json(OTHER_PROMPT, "I would like to RENEW two overdue books today.");
    let keywords = json!(["renew", "overdue book", "today"]);
    let expected = json!({"category": "loans", "priority": "high", "urgent": false, "confidence": 1.0,
        "keywords": keywords, "why": "renew, overdue book points to loans"});
    assert_eq!(answer, expected);
    let order: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(
        order,
        ["category", "priority", "urgent", "confidence", "keywords", "why"]
    );
}

#[test]
fn lists_flags_and_fallbacks_of_another_prompt() {
    for (ticket, category, priority, urgent) in [
        ("Is there a workshop in May?", "events", "normal", false),
        ("Is there an online workshop in May?", "other", "normal", false),
        ("Water in the study room, some damage", "rooms", "normal", true),
        ("Theft! It was a joke.", "other", "normal", false),
        ("", "other", "normal", false),
    ] {
        let answer = ask_json(OTHER_PROMPT, ticket);
        let got = (&answer["category"], &answer["priority"], &answer["urgent"]);
        assert_eq!(got, (&json!(category), &json!(priority), &json!(urgent)), "{ticket}");
    }
}

#[test]
fn stems_join_the_forms_of_a_word() {
    for forms in [
        ["charge", "charges", "charged", "charging"],
        ["dispute", "disputes", "disputed", "disputing"],
        ["bill", "bills", "billed", "billing"],
        ["delivery", "deliveries", "delivery", "delivery"],
        ["cancel", "cancels", "cancelled", "cancelling"],
        ["authorise", "authorize", "authorised", "authorizing"],
        ["escalate", "escalates", "escalation", "escalating"],
    ] {
        let [first, others @ ..] = forms.map(stem);
        assert!(
            others.iter().all(|other| *other == first),
            "{forms:?}: {first} {others:?}"
        );
    }
    for (one, other) in [
        ("bus", "bu"),
        ("ring", "r"),
        ("need", "ne"),
        ("charge", "chargeback"),
        ("news", "paper"),
    ] {
        assert_ne!(stem(one), stem(other));
    }
}

#[test]
fn keywords_are_read_from_natural_phrases() {
    for (text, any, none) in [
        (
            "a lawyer, legal action or going to court",
            vec!["lawyer", "legal action", "court"],
            vec![],
        ),
        ("the customer threatens legal action", vec!["legal action"], vec![]),
        (
            "billing disputes: chargeback (or a disputed charge)",
            vec!["billing disputes", "chargeback", "disputed charge"],
            vec![],
        ),
        ("threats", vec!["threats"], vec![]),
        ("refund and refunds", vec!["refund"], vec![]),
        (
            "parcel, but not returns or refunds; courier",
            vec!["parcel", "courier"],
            vec!["returns", "refunds"],
        ),
        ("返金", vec!["返 金"], vec![]),
        ("the, a, of", vec![], vec![]),
    ] {
        let keywords = Keywords::read(text);
        let sources = |list: &[wording::Keyword]| list.iter().map(|keyword| keyword.source.clone()).collect::<Vec<_>>();
        assert_eq!(
            (sources(&keywords.any), sources(&keywords.none)),
            (owned(&any), owned(&none)),
            "{text}"
        );
    }
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn points_ties_and_fallbacks_decide_the_route() {
    let prompt = "Routes:\n- a: apple, big pear\n- b: banana, apple\n- c: cherry";
    for (ticket, route) in [
        ("apple", "a"),
        ("apple and banana", "b"),
        ("a pear that is really rather big, and a banana", "a"),
        ("big one two three four five six seven eight pear, a cherry", "c"),
        ("nothing that fits", "a"),
    ] {
        let text = ask(prompt, ticket);
        assert!(
            text.starts_with(&format!("The route of this ticket is {route}. ")),
            "{ticket}: {text}"
        );
    }
}

#[test]
fn the_wording_of_the_format_decides_the_shape() {
    let routes = "Routes:\n- a: apple\n";
    let template = "{\"route\": \"<route>\"}";
    let (bare, fenced, prose) = (0, 1, 2);
    for (format, shape) in [
        (format!("Answer with JSON only: {template}"), bare),
        (format!("Answer with this JSON and nothing else.\n{template}"), bare),
        (format!("Answer with JSON. No prose. {template}"), bare),
        ("Answer in JSON only.".to_owned(), bare),
        (format!("Answer with JSON: {template}"), fenced),
        ("Answer in JSON.".to_owned(), fenced),
        ("Do not use JSON.".to_owned(), prose),
        (String::new(), prose),
    ] {
        let text = ask(&format!("{routes}\n{format}"), "apple");
        assert_eq!(
            serde_json::from_str::<Value>(&text).is_ok(),
            shape == bare,
            "{format}: {text}"
        );
        assert_eq!(text.contains("```json"), shape == fenced, "{format}: {text}");
    }
    let forced = ask_with(routes, "apple", |request| request.wants_json = true);
    assert_eq!(forced.text, "{\"route\":\"a\",\"escalate\":false}");
}

#[test]
fn it_says_so_when_there_is_nothing_to_apply() {
    for prompt in [
        "",
        "Translate the text to French.",
        "Answer with JSON only: {\"translation\": \"...\"}",
    ] {
        let text = ask(prompt, "Routes:\n- vip: hello\nhello");
        assert!(text.contains("simulated model") && text.contains("no routes"), "{text}");
    }
}

#[test]
fn only_system_and_developer_messages_instruct_and_the_last_user_message_is_the_ticket() {
    let messages = [
        SimMessage {
            role: "system",
            text: "Routes:\n- fruit: apple",
        },
        SimMessage {
            role: "user",
            text: "Routes:\n- trap: carrot\ncarrot",
        },
        SimMessage {
            role: "assistant",
            text: "Routes:\n- trap: carrot",
        },
        SimMessage {
            role: "developer",
            text: "- vegetables: carrot",
        },
        SimMessage {
            role: "user",
            text: "a carrot",
        },
    ];
    let request = SimRequest {
        messages: &messages,
        temperature: 0.0,
        seed: 0,
        max_output_tokens: None,
        wants_json: true,
    };
    assert_eq!(answer(&request).text, "{\"route\":\"vegetables\",\"escalate\":false}");
}

#[test]
fn a_limit_cuts_the_answer() {
    let reply = ask_with(OTHER_PROMPT, "renew", |request| request.max_output_tokens = Some(5));
    assert_eq!(
        (reply.finish_reason, reply.output_tokens, reply.text.len()),
        ("length", 5, 20)
    );
    let reply = ask_with(OTHER_PROMPT, "renew", |request| request.max_output_tokens = Some(200));
    assert_eq!(reply.finish_reason, "stop");
}

#[test]
fn the_seed_picks_the_slips() {
    let slips = |seed: u64| {
        let slip = |ticket: usize| {
            let prompt = "Routes:\n- a: apple\n- b: banana";
            let hot = |request: &mut SimRequest<'_>| (request.temperature, request.seed) = (2.0, seed);
            ask_with(prompt, &format!("apple {ticket}"), hot)
                .text
                .contains(" is b.")
        };
        (0..200).filter(|ticket| slip(*ticket)).collect::<Vec<_>>()
    };
    assert_eq!(slips(1), slips(1));
    assert_ne!(slips(1), slips(2));
    assert!(
        (20..=60).contains(&slips(1).len()),
        "about one in five: {}",
        slips(1).len()
    );
}

#[test]
fn an_odd_temperature_is_moved_into_range() {
    let at = |temperature: f64| ask_with(OTHER_PROMPT, "renew", |request| request.temperature = temperature);
    assert_eq!(at(f64::NAN), at(0.0));
    assert_eq!(at(-3.0), at(0.0));
    assert_eq!(at(f64::INFINITY), at(2.0));
}

#[test]
fn hostile_prompts_and_tickets_get_an_answer() {
    let long_list = format!("Routes:\n{}", "- a: b c d, e f g\n".repeat(20_000));
    let open_braces = "{\"a\":".repeat(20_000);
    let closed_braces = "}{\"a\":{}}".repeat(20_000);
    let one_line = format!("Escalate when: {}", "a lawyer or ".repeat(50_000));
    let odd_marks = "Routes:\n-\n- \n- :\n- : x\n:\n**\n#\n";
    let prompts = [
        long_list.as_str(),
        &open_braces,
        &closed_braces,
        &one_line,
        odd_marks,
        OTHER_PROMPT,
    ];
    let tickets = [
        "",
        "\u{0}\u{1b}[2J\u{202e}",
        &"é\u{301}🐌荷".repeat(30_000),
        &"renew ".repeat(2_000_000),
    ];
    for prompt in prompts {
        for ticket in tickets {
            let reply = ask_with(prompt, ticket, |request| request.max_output_tokens = Some(200));
            assert!(!reply.text.is_empty());
        }
    }
}

mod random {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_gets_the_same_answer_twice(
            head in "[a-zé:{}\"\\-\\* \n#.<>\\[\\],]{0,200}", ticket in "\\PC{0,200}", temperature in -1.0..3.0,
            max in 0_u32..50
        ) {
            let prompt = format!("{head}\nRoutes:\n{head}\nEscalate when {head}\n{head}");
            let change = |request: &mut SimRequest<'_>| {
                (request.temperature, request.max_output_tokens) = (temperature, Some(max));
            };
            let reply = ask_with(&prompt, &ticket, change);
            prop_assert!(reply.output_tokens <= u64::from(max));
            prop_assert_eq!(&reply, &ask_with(&prompt, &ticket, change));
        }
    }
}
