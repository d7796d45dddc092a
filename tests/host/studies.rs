//! Commands that follow several runs, one after another: through the host as without one.

use crate::house::House;
use crate::pegbox::{Pegbox, Said};
use crate::routing::{edited, over, runs, store};

/// What comes in place of what in each version from the second on: the last loses a team.
const EDITS: [(&str, &str); 3] = [
    ("for Larkspur, a shop", "for Larkspur Ltd, a shop"),
    ("a journalist, a newspaper", "a journalist, a blogger, a newspaper"),
    ("- returns: return, refund,", "- billing: return, refund,"),
];

/// A store with four versions of `support_triage`, each with one edit more than the one before.
fn prepared() -> Pegbox {
    let versions: Vec<String> = (0..=EDITS.len())
        .map(|count| edited(EDITS.iter().take(count)))
        .collect();
    store(&versions)
}

/// What the commands say of such a store, each with several runs to do; and how many runs there are then.
fn said(pegbox: &Pegbox) -> (Vec<Said>, usize) {
    let sweep = ["run", "sweep", "support_triage_v1", "support_triage_v2"];
    let ablate = ["ablate", "support_triage_v1", "support_triage_v3", "--json"];
    let bisect = ["bisect", "support_triage_v1", "support_triage_v4", "--metric"];
    let studies = [
        // Temperatures, repeats and neither: no command finds the runs of another.
        [&sweep[..], &["--temperature", "0", "--temperature", "0.5"]].concat(),
        [&ablate[..], &["--repeats", "2"]].concat(),
        [&bisect[..], &["routing_accuracy"]].concat(),
    ];
    let said = studies.iter().map(|study| pegbox.says(&over(study)));
    (said.collect(), runs(pegbox))
}

#[test]
fn what_follows_several_runs_goes_on_to_the_last_through_the_host() {
    let (alone, runs) = said(&prepared());
    let house = House::of(prepared(), &[]);
    let (hosted, hosted_runs) = said(&house.pegbox);
    for (hosted, alone) in hosted.iter().zip(&alone) {
        assert_eq!((hosted.code, &hosted.stdout), (0, &alone.stdout), "{hosted:?}");
    }
    assert!(
        alone[0].stdout.contains("support_triage_v2 +model temperature 0.5"),
        "{alone:?}"
    );
    assert_eq!(alone[1].json()["hunks"].as_array().unwrap().len(), 2);
    assert!(alone[2].stdout.contains("support_triage_v4 broke it"), "{alone:?}");
    assert_eq!(hosted_runs, runs, "no run more, and none left over");
}
