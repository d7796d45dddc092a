//! Drafts are kept as they are typed; versions say what they came from, and never change.

use std::sync::Arc;

use pegbox::domain::draft::DraftSeen;
use pegbox::domain::hash::ContentHash;
use pegbox::domain::ids::VersionId;
use pegbox::domain::model::{ModelConfig, ResponseFormat, ToolChoice};
use pegbox::domain::policy::SelfApproval;
use pegbox::domain::version::{ChangeKind, PromptVersion};
use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::engine::EngineError;
use pegbox::store::{Change, Store, StoreError};
use pegbox::workbench::{Answer, CommitReason, FaultKind, PromptRef, Request, WorkbenchError};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::bench::*;

#[test]
fn a_draft_is_there_after_a_restart_valid_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Bench::over(Arc::new(EmbeddedEngine::open(folder.path()).unwrap()));
    let half_typed = "+++\n[model\nprovider = \"sim";
    {
        let bench = open();
        bench.version(&document("one"));
        assert!(!bench.workbench.open_draft(&anna(), &triage()).unwrap().is_stored);
        bench.save(&anna(), &document("typed"));
        bench.save(&ben(), half_typed);
    }
    let bench = open();
    let view = bench.workbench.open_draft(&anna(), &triage()).unwrap();
    assert!(view.is_stored && !view.marks.is_empty());
    assert_eq!(view.draft.source, half_typed);
    assert_eq!(
        (view.draft.saved_by, view.draft.base),
        (ben(), Some("triage_v1".parse().unwrap()))
    );
    let commit = bench.workbench.commit(&anna(), &triage(), &why());
    assert_fault(commit, FaultKind::Invalid, "the prompt document has errors: line");
    let kept = bench.workbench.prompt_source(&PromptRef::Draft(triage())).unwrap();
    assert_eq!(kept, half_typed);
}

#[test]
fn a_commit_needs_a_sound_changed_document_and_a_reason() {
    let bench = Bench::new();
    let workbench = &bench.workbench;
    let commit = |why: &CommitReason| workbench.commit(&anna(), &triage(), why);
    assert_fault(commit(&why()), FaultKind::NotFound, "no prompt named triage");
    workbench.create_prompt(&anna(), &triage(), "").unwrap();
    for text in ["", "  ", "fix", "as discussed"] {
        let empty = CommitReason {
            text: text.into(),
            ..why()
        };
        assert_fault(commit(&empty), FaultKind::Invalid, "reason");
    }
    commit(&why()).unwrap();
    assert_fault(commit(&why()), FaultKind::NotFound, "no draft named triage");

    let source = workbench
        .prompt_source(&PromptRef::Version("triage_v1".parse().unwrap()))
        .unwrap();
    bench.save(&anna(), &source);
    assert_refused(commit(&why()), "is equal to triage_v1");
    bench.save(&anna(), &source.replace("{{ input }}", "{{ inptu }}"));
    assert_fault(commit(&why()), FaultKind::Invalid, "inptu");
    let marks = workbench.open_draft(&anna(), &triage()).unwrap().marks;
    assert!(
        marks
            .iter()
            .any(|mark| mark.message.contains("inptu") && mark.line.is_some()),
        "{marks:?}"
    );
    workbench.discard_draft(&anna(), &triage()).unwrap();
    assert_fault(
        workbench.discard_draft(&anna(), &triage()),
        FaultKind::NotFound,
        "no draft",
    );
}

#[test]
fn a_save_over_what_was_never_seen_is_refused_and_says_what_is_there() {
    let bench = Bench::new();
    let workbench = &bench.workbench;
    bench.version(&document("one"));
    let save = |actor, over: &DraftSeen, note: &str| workbench.save_draft(&actor, &triage(), over, &document(note));
    let opened = workbench.open_draft(&anna(), &triage()).unwrap().seen();

    save(ben(), &opened, "by ben").unwrap();
    let error = save(anna(), &opened, "by anna").unwrap_err();
    let WorkbenchError::DraftOvertaken { why: said, found } = error else {
        panic!("{error}");
    };
    assert!(
        said.starts_with("ben saved another text of the draft of triage at 2026-"),
        "{said}"
    );
    assert_eq!(found.draft.source, document("by ben"));
    save(anna(), &found.seen(), "by both").unwrap();
    // The same text again, as after an answer that was lost, takes nothing from anybody.
    save(ben(), &found.seen(), "by both").unwrap();

    let seen = workbench.open_draft(&anna(), &triage()).unwrap().seen();
    workbench.commit(&ben(), &triage(), &why()).unwrap();
    assert_refused(
        save(anna(), &seen, "late"),
        "the newest version is triage_v2 by ben at 2026-",
    );
    let newest = workbench.open_draft(&anna(), &triage()).unwrap().seen();
    save(anna(), &newest, "after it").unwrap();
    let seen = workbench.open_draft(&anna(), &triage()).unwrap().seen();
    workbench.discard_draft(&ben(), &triage()).unwrap();
    assert_refused(save(anna(), &seen, "later"), "draft of triage is gone");
    assert!(!workbench.open_draft(&anna(), &triage()).unwrap().is_stored);
}

#[test]
fn a_commit_from_the_editor_is_of_the_text_on_its_screen() {
    let bench = Bench::new();
    bench.version(&document("one"));
    bench.save(&anna(), &document("by anna"));
    let commit = |source: &str| {
        let request = Request::Commit {
            prompt: triage(),
            seen: Some(DraftSeen::text(source)),
            reason: why(),
        };
        bench.workbench.answer(&anna(), request)
    };
    bench.save(&ben(), &document("by ben"));
    let fault = commit(&document("by anna")).unwrap_err();
    assert!(
        fault.what.contains("ben saved another text of the draft of triage"),
        "{}",
        fault.what
    );
    let Answer::Committed(version) = commit(&document("by ben")).unwrap() else {
        panic!("no version");
    };
    assert!(version.content.messages[0].text.contains("by ben"));
}

#[test]
fn a_version_records_its_base_author_and_reason() {
    let bench = Bench::new();
    let workbench = &bench.workbench;
    let first = bench.version(&document("one"));
    let second = bench.version(&document("two"));
    assert_eq!(workbench.version(&first).unwrap().base, None);
    assert_eq!(workbench.version(&second).unwrap().base, Some(first.clone()));

    let view = workbench.draft_from(&ben(), &first).unwrap();
    assert_eq!(view.draft.base, Some(first.clone()));
    assert_refused(workbench.draft_from(&ben(), &second), "has a draft");
    assert_refused(
        workbench.import_prompt(&ben(), &triage(), "", &document("three")),
        "has a draft",
    );
    bench.save(&ben(), &document("from the first"));
    let reason = CommitReason {
        kind: ChangeKind::CustomerReport,
        text: "a chargeback was missed".into(),
        link: Some("https://tickets.example/7".into()),
    };
    let third = workbench.commit(&ben(), &triage(), &reason).unwrap();
    assert_eq!(
        (third.id.to_string(), third.base, third.author),
        ("triage_v3".into(), Some(first), ben())
    );
    assert_eq!(third.reason.text.as_str(), reason.text);
    assert_eq!((third.reason.kind, third.reason.link), (reason.kind, reason.link));
    assert!(!workbench.open_draft(&anna(), &triage()).unwrap().is_stored);
}

#[test]
fn no_change_overwrites_what_is_immutable() {
    let bench = Bench::new();
    bench.accept_simulated(SelfApproval::Allowed);
    let release = bench.release("one");
    let store = Store::new(Arc::clone(&bench.engine));
    let review = bench.workbench.reviews().unwrap().remove(0).review;
    let decision = bench.workbench.decisions("").unwrap().remove(0);
    let run = bench.workbench.run_detail(review.run).unwrap();
    let dataset = bench.workbench.datasets().unwrap().remove(0);
    let suite = bench.workbench.suites().unwrap().remove(0);
    let prompt = store.prompts().unwrap().remove(0);
    let version = PromptVersion {
        author: ben(),
        ..bench.workbench.version(&review.version).unwrap()
    };
    let change = || Change::new(bench.workbench.audit_page(1, 1).unwrap().remove(0).2);
    let again = [
        change().insert_prompt(&prompt),
        change().insert_version(&version),
        change().insert_dataset(&dataset),
        change().insert_suite(&suite),
        change().insert_run(&run.run),
        change().insert_run_end(&run.end.unwrap()),
        change().insert_review(&review),
        change().insert_decision(&decision),
        change().insert_release(&release),
    ];
    for (place, change) in again.into_iter().enumerate() {
        let result = change.unwrap().commit(&store);
        assert!(
            matches!(result, Err(StoreError::Engine(EngineError::Conflict { .. }))),
            "{place}: {result:?}"
        );
    }
    assert_eq!(bench.workbench.version(&version.id).unwrap().author, anna());

    // An outcome neither, and an ended run takes no further one.
    let saved = bench
        .workbench
        .case(review.run, pegbox::domain::outcome::OutcomePlace::first(0))
        .unwrap()
        .outcome;
    let mut late = saved.clone();
    late.index = 1_000;
    late.example = "late".parse().unwrap();
    for outcome in [saved, late] {
        let audit = bench.workbench.audit_page(1, 1).unwrap().remove(0).2;
        let result = store.append_outcome(audit, &outcome).unwrap().wait();
        assert!(matches!(result, Err(EngineError::Conflict { .. })), "{result:?}");
    }
}

#[test]
fn a_content_hash_is_what_common_tools_compute() {
    let bench = Bench::new();
    let id: VersionId = bench.version(&document("one"));
    let version = bench.workbench.version(&id).unwrap();
    assert!(matches!(
        version.content.model.response_format,
        ResponseFormat::JsonSchema(_)
    ));
    let json = serde_json::to_value(&version.content).unwrap();
    let mut canonical = String::new();
    print_sorted(&json, &mut canonical);
    assert!(canonical.starts_with("{\"messages\":[{\"role\":\"system\",\"text\":"));
    assert_eq!(version.content_hash.to_string(), sha_256(&canonical));
    assert_eq!(
        sha_256("abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

/// Every setting is part of the content, so that "the same prompt with another setting" has another hash.
#[test]
fn every_setting_changes_the_hash() {
    type Edit = fn(&mut ModelConfig);
    let edits: [Edit; 8] = [
        |m| m.provider = "openai".into(),
        |m| m.name = "other".into(),
        |m| m.temperature = Some(0.7),
        |m| m.top_p = Some(0.5),
        |m| m.max_output_tokens = Some(7),
        |m| m.stop = vec!["END".into()],
        |m| m.seed = Some(3),
        |m| m.tool_choice = ToolChoice::None,
    ];
    let plain = ModelConfig::new("simulated", "triage-sim-1");
    let mut hashes = vec![ContentHash::of(&plain).unwrap()];
    for edit in edits {
        let mut model = plain.clone();
        edit(&mut model);
        hashes.push(ContentHash::of(&model).unwrap());
    }
    let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
    assert_eq!(distinct.len(), hashes.len());
}

/// Canonical JSON of plain data, written independently of the library: sorted keys, no space, ASCII keys only.
fn print_sorted(value: &Json, out: &mut String) {
    match value {
        Json::Object(fields) => {
            let mut keys: Vec<_> = fields.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (place, key) in keys.into_iter().enumerate() {
                assert!(key.is_ascii());
                out.push_str(if place > 0 { "," } else { "" });
                out.extend(["\"", key, "\":"]);
                print_sorted(&fields[key], out);
            }
            out.push('}');
        }
        Json::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                print_sorted(item, out);
            }
            out.push(']');
        }
        // 0.0 is written as 0; other numbers here are short decimals, which all tools write alike.
        Json::Number(number) => out.push_str(number.to_string().trim_end_matches(".0")),
        other => out.push_str(&other.to_string()),
    }
}

fn sha_256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// The sample of RFC 8785, section 3.2.2.
#[test]
fn hashes_follow_the_sample_of_the_standard() {
    let sample: Json = serde_json::from_str(
        r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]}"#,
    )
    .unwrap();
    let canonical = concat!(
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
        r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
    assert_eq!(ContentHash::of(&sample).unwrap().to_string(), sha_256(canonical));
}

/// The property order of RFC 8785, section 3.2.3: by UTF-16 code units, so that the emoji comes before U+FB33.
#[test]
fn keys_are_sorted_as_the_standard_sorts_them() {
    let sample: Json = serde_json::from_str(
        r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Dalet", "1": "One",
            "\ud83d\ude00": "Grinning Face", "\u0080": "Control", "\u00f6": "O With Diaeresis"}"#,
    )
    .unwrap();
    let canonical = concat!(
        r#"{"\r":"Carriage Return","1":"One",""#,
        "\u{80}",
        r#"":"Control","ö":"O With Diaeresis","€":"Euro Sign","😀":"Grinning Face",""#,
        "\u{fb33}",
        r#"":"Dalet"}"#
    );
    assert_eq!(ContentHash::of(&sample).unwrap().to_string(), sha_256(canonical));
}

/// The numbers of RFC 8785, appendix B, as the bits of an IEEE double.
#[test]
fn numbers_are_written_as_the_standard_writes_them() {
    let samples = [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ];
    for (bits, text) in samples {
        let hash = ContentHash::of(&f64::from_bits(bits)).unwrap();
        assert_eq!(hash.to_string(), sha_256(text), "{text}");
    }
    for no_number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        // JSON has none of them, and records refuse them before they are hashed.
        assert_eq!(
            ContentHash::of(&no_number).unwrap().to_string(),
            sha_256("null"),
            "{no_number}"
        );
    }
}
