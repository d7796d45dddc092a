//! People: what must hold between them, and which role may do what.

use pegbox::domain::action::Action;
use pegbox::domain::person::{PersonChange, Role};
use pegbox::domain::promotion::Environment;
use pegbox::workbench::{FaultKind, Judgement, Workbench, read_public_keys};

use crate::bench::*;

/// Two keys of OpenSSH.
const KEYS: [&str; 2] = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ one@example",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti two words",
];

/// An RSA key of 1,024 bits.
const RSA_1024: &str = concat!(
    "AAAAB3NzaC1yc2EAAAADAQABAAAAgQDfErquGe7XG0cfFhmWuhF8ZuLo5x8hRy7Y16w8EmBDI6hLp4cOiU2GT9kIOB",
    "g4Irum2KghKlBvffbDPXZ6uzvBE3c9ESCjIj1on2bxSBN4sBl6mRTyGv27vxN53y3pbSRzmUQWNfswCwH5TeGKcDoT",
    "KRC2zB3g6wfJUsNi40t1qQ==",
);
/// A DSA key.
const DSA: &str = concat!(
    "AAAAB3NzaC1kc3MAAACBAPZBC9xXXHVmxFnI1PuG1CoIfYa4kdjokqFZEbWdmdIpeNBxIm/e/DrNGSF36LHzK69Cvx",
    "Y0VNcd+HHivqiWSJHckyA2/E4Ve7Qr5eaBCW55PLCznneWia+dkre2KXgc1A85DCIHutTgJpH+RyeQEDba+hVkPj47",
    "gwj9aMIOpj7LAAAAFQDajCxfUpfQVl/SIvsEj/kIDY+UWQAAAIEA3v92e8TWALrq1vD3u3CrvSQlX/ue70JRmygM6e",
    "iZnQrvkeoRbjAzrqSJTZzbqrDcFUj+zxYFoN0zrCkOT8fmSGGxI8+jsreastnuV5AGn1YNXCGAQCWvQrPQQZkwBnLp",
    "lOsnOck21cyLIQWGhL03IK5WL3B5LuhlTjw6S7vzFR0AAACBAKEM5tmndhjNDTsIhrEYpTnBCYCXxdhFx084zGioVz",
    "ukwrOKMu4YPM8lQ04r/wKeubf2+EiSdA38AXZxy1A5lX5pgZmnan8ji3Cn27AB4Xa7udpeJSJIke0NDlg/PODfJHDO",
    "J6Qi22JRIq54gCdF9k2y84tSzBEpAeJpOCu0nfzj",
);

fn with_roles(roles: &[Role]) -> PersonChange {
    PersonChange {
        add_roles: roles.to_vec(),
        ..PersonChange::default()
    }
}

/// Adds a person with these roles, as the admin.
fn add(workbench: &Workbench, name: &str, roles: &[Role]) {
    workbench
        .add_person(&actor("root"), &actor(name), with_roles(roles), REASON)
        .unwrap();
}

/// A bench with one person of each role, named after it.
fn peopled() -> Bench {
    let bench = Bench::new();
    people_of(&bench);
    bench
}

fn people_of(bench: &Bench) {
    add(&bench.workbench, "root", &[Role::Admin]);
    for role in Role::ALL {
        add(&bench.workbench, role.as_str(), &[role]);
    }
}

/// Each action, and the roles that may: whoever has another may not.
const TABLE: &[(&[Action], &[Role])] = &[
    (
        &[
            Action::PromptImport,
            Action::DraftSave,
            Action::DraftDiscard,
            Action::PromptCommit,
            Action::DatasetImport,
            Action::SuiteImport,
            Action::ChainImport,
            Action::ChainBump,
            Action::VariantKeep,
            Action::RunStart,
            Action::RunResume,
            Action::RunPause,
            Action::RunCancel,
            Action::ReviewRequest,
        ],
        &[Role::Author],
    ),
    (
        &[
            Action::PromptTry,
            Action::RunDecide,
            Action::LabelAdd,
            Action::TriageAdd,
            Action::QuarantinePlace,
            Action::QuarantineLift,
        ],
        &[Role::Author, Role::Reviewer],
    ),
    (
        &[
            Action::ReviewApprove,
            Action::ReviewReject,
            Action::ReviewPause,
            Action::ReviewOtherCause,
        ],
        &[Role::Reviewer],
    ),
    (&[Action::ReleasePromote, Action::ReleaseRollback], &[Role::Releaser]),
    (
        &[
            Action::PolicySet,
            Action::TraceExpire,
            Action::StoreCompact,
            Action::StoreRecover,
            Action::PersonAdd,
            Action::PersonChange,
            Action::PersonRemove,
        ],
        &[Role::Admin],
    ),
    (&[Action::RunOutcome, Action::RunEnd, Action::ModelResolve], &Role::ALL),
];

#[test]
fn each_action_is_for_the_roles_that_it_needs_and_for_nobody_else() {
    let bench = peopled();
    let listed: usize = TABLE.iter().map(|(actions, _)| actions.len()).sum();
    assert_eq!(listed, Action::ALL.len(), "an action is missing");
    for (actions, roles) in TABLE {
        for action in *actions {
            for role in Role::ALL {
                let asked = bench.workbench.permit(&actor(role.as_str()), *action);
                assert_eq!(asked.is_ok(), roles.contains(&role), "{action:?} as {role:?}");
                let Err(error) = asked else { continue };
                assert_eq!(error.kind(), FaultKind::Refused);
                let (why, ask) = (error.to_string(), error.hint());
                let is = format!("{} is {}", role.as_str(), role.as_str());
                assert!(why.contains(action.doing()) && why.contains(&is), "{why}");
                assert!(why.contains(roles[0].as_str()) && ask.contains("root"), "{why}: {ask}");
            }
            let stranger = bench.workbench.permit(&actor("nobody"), *action);
            assert_eq!(stranger.is_ok(), action.needs().is_empty(), "{action:?}");
        }
    }
}

#[test]
fn where_nobody_is_listed_everybody_may_do_everything() {
    let bench = Bench::new();
    for action in Action::ALL {
        bench.workbench.permit(&actor("whoever"), action).unwrap();
    }
}

#[test]
fn a_refused_act_changes_nothing_and_the_way_to_a_release_takes_its_roles() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    bench.passing_run(&version);
    people_of(&bench);
    let workbench = &bench.workbench;
    let seen = workbench.audit_page(1, usize::MAX).unwrap().len();
    let commit = workbench.import_suite(&actor("reviewer"), &suite_that_passes(), REASON);
    assert_refused(commit, "reviewer may not import a suite: that takes the role author");
    assert_refused(
        workbench.request_review(&anna(), &version, Environment::Production, None, REASON),
        "anna is not among the people of this store",
    );
    assert_eq!(workbench.audit_page(1, usize::MAX).unwrap().len(), seen);

    let review = workbench.request_review(&actor("author"), &version, Environment::Production, None, REASON);
    let review = review.unwrap().id;
    let approve = |name: &str| workbench.decide(&actor(name), review, Judgement::Approve, REASON);
    assert_refused(
        approve("author"),
        "author may not approve: that takes the role reviewer",
    );
    approve("reviewer").unwrap();
    assert_refused(workbench.promote(&actor("reviewer"), review, REASON), "role releaser");
    workbench.promote(&actor("releaser"), review, REASON).unwrap();
}

#[test]
fn the_first_person_is_an_admin_and_the_last_admin_stays() {
    let bench = Bench::new();
    let workbench = &bench.workbench;
    let first = workbench.add_person(&anna(), &anna(), with_roles(&[Role::Author]), REASON);
    assert_refused(first, "the first one must be an admin");
    add(workbench, "root", &[Role::Admin]);
    add(workbench, "anna", &[Role::Author]);
    assert_refused(
        workbench.remove_person(&actor("root"), &actor("root"), REASON),
        "only admin",
    );
    let demote = PersonChange {
        remove_roles: vec![Role::Admin],
        add_roles: vec![Role::Author],
        ..PersonChange::default()
    };
    let demoted = workbench.change_person(&actor("root"), &actor("root"), demote.clone(), REASON);
    assert_refused(demoted, "only admin");
    add(workbench, "ben", &[Role::Admin, Role::Reviewer]);
    workbench.change_person(&ben(), &actor("root"), demote, REASON).unwrap();
    assert_refused(
        workbench.add_person(&actor("root"), &actor("eve"), with_roles(&[Role::Admin]), REASON),
        "role admin",
    );
    // Who was removed may do nothing, and may come back as somebody with other roles.
    workbench.remove_person(&ben(), &anna(), "anna left the team").unwrap();
    assert_refused(workbench.permit(&anna(), Action::DraftSave), "was removed by ben");
    assert_refused(
        workbench.remove_person(&ben(), &anna(), "anna left the team"),
        "was removed",
    );
    let back = workbench
        .add_person(&ben(), &anna(), with_roles(&[Role::Releaser]), REASON)
        .unwrap();
    assert_eq!(back.roles, [Role::Releaser]);
}

#[test]
fn a_key_and_an_account_are_one_persons() {
    let bench = peopled();
    let workbench = &bench.workbench;
    let keys = read_public_keys(&format!("# ours\n\n{}\n", KEYS[0]), false).unwrap();
    let change = PersonChange {
        add_keys: keys.clone(),
        add_accounts: vec![1_004],
        ..PersonChange::default()
    };
    let root = actor("root");
    workbench
        .change_person(&root, &actor("author"), change.clone(), REASON)
        .unwrap();
    let theirs = workbench.person_of_key(&keys[0].fingerprint).unwrap().unwrap();
    assert_eq!(theirs.name, actor("author"));
    let taken = workbench.change_person(&root, &actor("reviewer"), change.clone(), REASON);
    assert_refused(taken, "is author's already");
    let account = PersonChange {
        add_accounts: vec![1_004],
        ..PersonChange::default()
    };
    let taken = workbench.change_person(&root, &actor("reviewer"), account, REASON);
    assert_refused(taken, "account 1004 is author's already");
    workbench.remove_person(&root, &actor("author"), REASON).unwrap();
    assert_eq!(workbench.person_of_key(&keys[0].fingerprint).unwrap(), None);
    workbench
        .change_person(&root, &actor("reviewer"), change, REASON)
        .unwrap();
    assert!(workbench.verify().unwrap().is_sound());
}

#[test]
fn what_no_person_can_be_is_refused() {
    let bench = peopled();
    let add =
        |name: &str, change: PersonChange| bench.workbench.add_person(&actor("root"), &actor(name), change, REASON);
    let both = with_roles(&[Role::ReadOnly, Role::Author]);
    assert_fault(add("eve", both), FaultKind::Invalid, "read-only stands alone");
    assert_fault(add("eve", with_roles(&[])), FaultKind::Invalid, "would have none");
    assert_fault(
        add("account-7", with_roles(&[Role::Author])),
        FaultKind::Invalid,
        "account nobody lists",
    );
    let overflow = PersonChange {
        add_accounts: vec![65_534],
        ..with_roles(&[Role::Author])
    };
    assert_fault(add("eve", overflow), FaultKind::Invalid, "nobody in particular");
    assert_refused(add("author", with_roles(&[Role::Author])), "is there already");
}

#[test]
fn files_of_keys_are_read_or_refused_in_words() {
    let two = read_public_keys(&KEYS.join("\r\n"), false).unwrap();
    assert_eq!(two.len(), 2);
    assert_eq!(
        two[1].public_key,
        KEYS[1].rsplit_once(' ').unwrap().0.rsplit_once(' ').unwrap().0
    );
    let authority = read_public_keys(&format!("cert-authority {}", KEYS[0]), false).unwrap();
    assert!(authority[0].is_authority() && authority[0].fault().is_none());
    assert_eq!(authority, read_public_keys(KEYS[0], true).unwrap());
    let dsa = format!("ssh-dss {DSA}");
    let short_rsa = format!("ssh-rsa {RSA_1024}");
    let options = "no-user-rc,NO-PORT-FORWARDING,cert-authority";
    assert_eq!(
        authority,
        read_public_keys(&format!("{options} {}", KEYS[0]), false).unwrap()
    );
    let from = format!("no-user-rc,from=\"10.0.0.1,\\\" host\" {}", KEYS[0]);
    let forced = format!("command=\"rm -rf /\" {}", KEYS[0]);
    let long = format!("ssh-ed25519 {}", "A".repeat(20_000));
    for (text, words) in [
        ("", "no key"),
        ("# only words\n", "no key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "private key"),
        ("---- BEGIN SSH2 PUBLIC KEY ----\n", "RFC 4716"),
        ("ssh-ed25519", "line 1"),
        ("ssh-ed25519 !!!", "line 1"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==", "line 1"),
        ("\u{1b}[31m \u{0} \u{202e}", "line 1"),
        (from.as_str(), "its option from is not kept here"),
        (forced.as_str(), "its option command is not kept here"),
        (long.as_str(), "longer than"),
        (dsa.as_str(), "DSA key"),
        (short_rsa.as_str(), "1024 bits"),
    ] {
        assert_fault(read_public_keys(text, false), FaultKind::Invalid, words);
    }
    let second = format!("{}\nnonsense\n", KEYS[0]);
    assert_fault(read_public_keys(&second, false), FaultKind::Invalid, "line 2");
}
