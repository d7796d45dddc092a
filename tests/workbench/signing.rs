//! Signed decisions: `ssh-keygen` and pegbox believe each other, and nothing else than the very decision counts.

use std::path::{Path, PathBuf};

use pegbox::domain::actor::Actor;
use pegbox::domain::ids::{DecisionId, ReviewId};
use pegbox::domain::origin::Origin;
use pegbox::domain::person::{Person, PersonKey, Role, Standing};
use pegbox::domain::policy::Signatures;
use pegbox::domain::promotion::Environment;
use pegbox::domain::reason::Reason;
use pegbox::domain::signature::{NAMESPACE, Signature, SignedStatement, Statement};
use pegbox::domain::time::Timestamp;
use pegbox::host::signing::ToSign;
use pegbox::store::engine::AuditEntry;
use pegbox::store::{Change, Store};
use pegbox::workbench::{Deed, Judgement, Leaving};

use super::bench::*;
use super::ssh_tools as ssh;

/// Where the signature of the first decision lies.
const FIRST: &str = "signature/0000000001";

fn person(name: &Actor, keys: &[&Path], changed_at: Timestamp) -> Person {
    let key = |key: &&Path| PersonKey {
        public_key: ssh::public(key),
        fingerprint: ssh::fingerprint(key),
    };
    Person {
        name: name.clone(),
        roles: vec![Role::Author, Role::Reviewer, Role::Releaser, Role::Admin],
        keys: keys.iter().map(key).collect(),
        accounts: Vec::new(),
        standing: Standing::Active,
        changed_by: anna(),
        changed_at,
        reason: Reason::new("joined the team").unwrap(),
    }
}

fn store(bench: &Bench) -> Store {
    Store::new(std::sync::Arc::clone(&bench.engine))
}

/// Sets somebody's record.
fn put(bench: &Bench, next: &Person) {
    let store = store(bench);
    let known = store.person(&next.name).unwrap();
    let audit = AuditEntry {
        at_ms: next.changed_at.0,
        actor: "anna".into(),
        action: "user.add".into(),
        subject: next.name.to_string(),
        reason: "joined the team".into(),
        origin: Origin::default(),
    };
    let change = Change::new(audit).put_person(next, known.as_ref()).unwrap();
    change.commit(&store).unwrap();
}

/// A store with a review that waits, and ben, who has this key.
struct Signing {
    bench: Bench,
    review: ReviewId,
    key: PathBuf,
    folder: tempfile::TempDir,
}

impl Signing {
    fn new(kind: &str) -> Self {
        Self::over(Bench::new(), kind)
    }

    fn over(bench: Bench, kind: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = ssh::key(folder.path(), kind, "ben");
        let now = bench.workbench.now();
        put(&bench, &person(&anna(), &[], now));
        put(&bench, &person(&ben(), &[&key], now));
        let version = bench.version(&document("one"));
        bench.passing_run(&version);
        let review = bench.review(&version, Environment::Production);
        Self {
            bench,
            review,
            key,
            folder,
        }
    }

    fn approval(&self) -> Deed {
        Deed::Decide(self.review, Judgement::Approve)
    }

    fn statement(&self, deed: &Deed) -> String {
        self.bench.workbench.statement(&ben(), deed, REASON).unwrap().statement
    }

    /// A deed that ssh-keygen has signed.
    fn signed(&self, deed: &Deed) -> SignedStatement {
        signed_with(&self.key, self.statement(deed))
    }

    fn approve(&self, signed: &SignedStatement) -> Result<DecisionId, pegbox::workbench::WorkbenchError> {
        let decided = self
            .bench
            .workbench
            .decide_signed(&ben(), self.review, Judgement::Approve, REASON, Some(signed));
        decided.map(|decision| decision.id)
    }

    fn stored(&self, decision: DecisionId) -> Signature {
        self.bench
            .workbench
            .signature(decision)
            .unwrap()
            .expect("it was signed")
    }

    /// Exports the audit log, and runs each command of its README in it.
    fn export_and_check(&self, name: &str) -> Vec<(bool, String)> {
        let export = self.folder.path().join(name);
        self.bench.workbench.export_audit(&export, &mut |_| {}).unwrap();
        let readme = std::fs::read_to_string(export.join("README.md")).unwrap();
        let commands = readme.lines().filter(|line| line.starts_with("ssh-keygen "));
        commands.map(|command| ssh::shell(&export, command)).collect()
    }
}

fn signed_with(key: &Path, statement: String) -> SignedStatement {
    SignedStatement {
        signature: ssh::signature(key, NAMESPACE, &statement),
        statement,
    }
}

/// Signs as pegbox does at somebody's desk, with the key in a file.
fn signed_by_pegbox(key: &Path, statement: String) -> SignedStatement {
    let to_sign = ToSign {
        statement,
        keys: vec![ssh::public(key)],
        key_file: Some(key.to_owned()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let signature = runtime.block_on(pegbox::host::signing::sign(&to_sign)).unwrap();
    SignedStatement {
        statement: to_sign.statement,
        signature,
    }
}

#[test]
fn what_pegbox_signs_and_what_ssh_keygen_signs_is_good_for_both() {
    if !ssh::is_here() {
        return;
    }
    for kind in ssh::KINDS {
        let it = Signing::new(kind);
        let approval = it.approve(&it.signed(&it.approval())).unwrap();
        let promote = Deed::Promote(it.review);
        let signed = signed_by_pegbox(&it.key, it.statement(&promote));
        let workbench = &it.bench.workbench;
        workbench
            .promote_signed(&ben(), it.review, REASON, Some(&signed))
            .unwrap();
        it.bench.release("two");
        let leaving = Leaving::Live(triage());
        let signed = it.signed(&Deed::RollBack(leaving.clone()));
        let back = workbench
            .roll_back_signed(&ben(), &leaving, REASON, Some(&signed))
            .unwrap();

        let stored = it.stored(approval);
        assert_eq!(stored.fingerprint, ssh::fingerprint(&it.key), "{kind}");
        let statement = Statement::parse(&signed.statement).unwrap();
        assert_eq!(statement.placed.unwrap().promotion, back.promotion.id);
        let evidence = statement.evidence.expect("the run of the version that it goes back to");
        assert_eq!(
            evidence.outcomes_hash,
            Some(workbench.run_detail(evidence.run).unwrap().end.unwrap().outcomes_hash)
        );

        let report = workbench.verify().unwrap();
        assert!(report.is_sound(), "{kind}: {:?}", report.findings);
        let checked = it.export_and_check("export");
        assert_eq!(checked.len(), 3, "{kind}");
        for (is_good, said) in checked {
            assert!(
                is_good && said.starts_with("Good \"decision@pegbox\" signature for ben"),
                "{kind}: {said}"
            );
        }
    }
}

#[test]
fn nothing_but_this_very_decision_by_this_person_is_taken() {
    if !ssh::is_here() {
        return;
    }
    let it = Signing::new("ed25519");
    let workbench = &it.bench.workbench;
    let good = it.signed(&it.approval());

    let for_git = SignedStatement {
        signature: ssh::signature(&it.key, "git", &good.statement),
        ..good.clone()
    };
    assert_refused(it.approve(&for_git), "is for the namespace git, not decision@pegbox");
    let other = ssh::key(it.folder.path(), "ed25519", "other");
    let by_other = signed_with(&other, good.statement.clone());
    assert_refused(
        it.approve(&by_other),
        &format!("{} is no key of ben", ssh::fingerprint(&other)),
    );
    let signature_of_other = SignedStatement {
        signature: it.signed(&Deed::Decide(it.review, Judgement::Reject)).signature,
        ..good.clone()
    };
    assert_refused(
        it.approve(&signature_of_other),
        "is not over this statement, byte for byte",
    );
    let garbled = SignedStatement {
        signature: good.signature.replacen('A', "B", 3),
        ..good.clone()
    };
    assert!(it.approve(&garbled).is_err());

    let reject = it.signed(&Deed::Decide(it.review, Judgement::Reject));
    assert_refused(it.approve(&reject), "decision is \"approved\", not \"rejected\"");
    let other_reason = workbench
        .statement(&ben(), &it.approval(), "for another reason")
        .unwrap();
    let other_reason = signed_with(&it.key, other_reason.statement);
    assert_refused(it.approve(&other_reason), "reason is");
    let altered = signed_with(&it.key, good.statement.replace("\"pass\"", "\"fail\""));
    assert_refused(it.approve(&altered), "evidence is");
    let elsewhere = Statement {
        store: "00".repeat(32),
        ..Statement::parse(&good.statement).unwrap()
    };
    let elsewhere = signed_with(&it.key, elsewhere.text().unwrap());
    assert_refused(it.approve(&elsewhere), "store is");
    let by_anna = workbench.decide_signed(&anna(), it.review, Judgement::Approve, REASON, Some(&good));
    assert_refused(by_anna, "person is \"anna\", not \"ben\"");
    assert_eq!(workbench.decisions("").unwrap(), [], "nothing was decided");

    it.approve(&good).unwrap();
    workbench.decide(&anna(), it.review, Judgement::Pause, REASON).unwrap();
    assert_refused(it.approve(&good), "follows is");
    let two = it.bench.version(&document("two"));
    it.bench.passing_run(&two);
    let next = it.bench.review(&two, Environment::Production);
    let replayed = workbench.decide_signed(&ben(), next, Judgement::Approve, REASON, Some(&good));
    assert_refused(replayed, "content_hash is");
}

#[test]
fn a_statement_counts_for_minutes() {
    if !ssh::is_here() {
        return;
    }
    let it = Signing::new("ed25519");
    let statement = it.statement(&it.approval());
    let at = Statement::parse(&statement).unwrap().at;
    for (shift_ms, words) in [
        (-20 * 60_000, "one counts for 15m"),
        (10 * 60_000, "one counts for 15m"),
    ] {
        let shifted = Statement {
            at: Timestamp(at.0 + shift_ms),
            ..Statement::parse(&statement).unwrap()
        };
        assert_refused(it.approve(&signed_with(&it.key, shifted.text().unwrap())), words);
    }
    it.approve(&signed_with(&it.key, statement)).unwrap();
}

/// Whoever edits makes another content, of which the approval and its signature say nothing.
#[test]
fn an_edit_after_the_approval_voids_it() {
    if !ssh::is_here() {
        return;
    }
    let it = Signing::new("ed25519");
    let workbench = &it.bench.workbench;
    it.approve(&it.signed(&it.approval())).unwrap();
    let approved = workbench.review_detail(&ben(), it.review).unwrap();
    let edited = it.bench.version(&document("edited since"));
    let edited_hash = workbench.version(&edited).unwrap().content_hash;
    assert_ne!(edited_hash, approved.review.content_hash);
    it.bench.passing_run(&edited);
    let asked_again = it.bench.review(&edited, Environment::Production);
    assert_refused(workbench.promote(&ben(), asked_again, REASON), "is open, not approved");
    // And put in the place of what was approved, it is no longer what was signed.
    let key = "version/triage/0000000001";
    let bytes = it.bench.engine.get(b"version/triage/0000000002").unwrap().unwrap();
    it.bench.tamper(key, bytes);
    assert!(workbench.promote(&ben(), it.review, REASON).is_err());
    let report = workbench.verify().unwrap();
    assert!(!report.is_sound());
}

#[test]
fn a_key_that_was_taken_away_signs_no_more_and_its_signatures_stay_good() {
    if !ssh::is_here() {
        return;
    }
    let it = Signing::new("ed25519");
    let workbench = &it.bench.workbench;
    let decision = it.approve(&it.signed(&it.approval())).unwrap();
    let new_key = ssh::key(it.folder.path(), "ecdsa", "new");
    for (name, next) in [
        ("changed", person(&ben(), &[&new_key], workbench.now())),
        (
            "removed",
            Person {
                standing: Standing::Removed,
                ..person(&ben(), &[], workbench.now())
            },
        ),
    ] {
        put(&it.bench, &next);
        match workbench.statement(&ben(), &Deed::Promote(it.review), REASON) {
            Ok(unsigned) => {
                let signed = signed_with(&it.key, unsigned.statement);
                let promoted = workbench.promote_signed(&ben(), it.review, REASON, Some(&signed));
                assert_refused(promoted, "is no key of ben");
            }
            refused => assert_refused(refused, "ben was removed"),
        }
        let report = workbench.verify().unwrap();
        assert!(report.is_sound(), "{name}: {:?}", report.findings);
        let checked = it.export_and_check(name);
        assert!(checked.len() == 1 && checked[0].0, "{name}: {checked:?}");
        let export = it.folder.path().join(name);
        let readme = std::fs::read_to_string(export.join("README.md")).unwrap();
        let command = readme.lines().find(|line| line.starts_with("ssh-keygen ")).unwrap();
        let signed_at = Statement::parse(&it.stored(decision).statement).unwrap().at;
        let year: String = signed_at.to_string().chars().take(4).collect();
        let later = command.replace(&format!("verify-time={year}"), "verify-time=2100");
        assert_ne!(command, later);
        assert!(
            !ssh::shell(&export, &later).0,
            "{name}: a later signature would be forged"
        );
    }
}

/// A signature that is not what it was, in the store: found and named, whichever byte it is.
#[test]
fn every_changed_byte_of_a_signature_is_found_and_named() {
    if !ssh::is_here() {
        return;
    }
    let it = Signing::new("ed25519");
    let decision = it.approve(&it.signed(&it.approval())).unwrap();
    let good = it.stored(decision);
    let encode = |signature: &Signature| pegbox::store::envelope::encode(signature).unwrap();
    let whole = encode(&good);
    let findings = || {
        let report = it.bench.workbench.verify().unwrap();
        report.findings
    };
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x01;
        it.bench.tamper(FIRST, bytes);
        let found = findings();
        assert!(found.len() == 1 && found[0].key == FIRST, "byte {at}: {found:?}");
    }
    // And where the record is well-formed, each byte of what is in it.
    let changed = |text: &str, at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 0x01;
        String::from_utf8(bytes).unwrap()
    };
    let mut wrong = Vec::new();
    for at in (0..good.statement.len()).step_by(7) {
        wrong.push(Signature {
            statement: changed(&good.statement, at),
            ..good.clone()
        });
    }
    for at in (0..good.signature.len()).step_by(5) {
        wrong.push(Signature {
            signature: changed(&good.signature, at),
            ..good.clone()
        });
    }
    for at in (0..good.public_key.len()).step_by(5) {
        wrong.push(Signature {
            public_key: changed(&good.public_key, at),
            ..good.clone()
        });
    }
    wrong.push(Signature {
        fingerprint: changed(&good.fingerprint, 10),
        ..good.clone()
    });
    wrong.push(Signature {
        decision: DecisionId(2),
        ..good.clone()
    });
    for signature in wrong {
        it.bench.tamper(FIRST, encode(&signature));
        let found = findings();
        assert!(found.len() == 1 && found[0].key == FIRST, "{signature:?}: {found:?}");
    }
    it.bench.tamper(FIRST, whole);
    assert_eq!(findings(), []);
}

/// A policy that asks for signatures holds for what lets something in, and for approvals from before it too.
#[test]
fn a_policy_asks_for_signatures() {
    if !ssh::is_here() {
        return;
    }
    let it = Signing::new("ed25519");
    let workbench = &it.bench.workbench;
    let before = workbench.decide(&ben(), it.review, Judgement::Approve, REASON).unwrap();
    let mut policy = workbench.policy().unwrap();
    policy.rules_mut(Environment::Production).signatures = Signatures::Required;
    workbench.set_policy(&ben(), &policy, "auditors ask for it").unwrap();
    let promoted = workbench.statement(&ben(), &Deed::Promote(it.review), REASON);
    assert_refused(
        promoted,
        &format!("{} by ben is not signed, which production asks for now", before.id),
    );

    workbench.decide(&ben(), it.review, Judgement::Pause, REASON).unwrap();
    let unsigned = workbench.decide(&ben(), it.review, Judgement::Approve, REASON);
    assert_refused(unsigned, "add --sign");
    assert_eq!(
        workbench.review_detail(&ben(), it.review).unwrap().signatures,
        Signatures::Required
    );
    it.approve(&it.signed(&it.approval())).unwrap();
    assert_refused(workbench.promote(&ben(), it.review, REASON), "add --sign");
    let promote = it.signed(&Deed::Promote(it.review));
    workbench
        .promote_signed(&ben(), it.review, REASON, Some(&promote))
        .unwrap();
    assert!(workbench.verify().unwrap().is_sound());

    let two = it.bench.version(&document("two"));
    it.bench.passing_run(&two);
    let next = it.bench.review(&two, Environment::Production);
    let rejected = workbench.decide(&ben(), next, Judgement::Reject, REASON);
    assert!(rejected.is_ok(), "whoever stops something needs no key");
}
