//! Roles are asked for first: before a file is read, an estimate is made or a reason is looked at, whoever may not do a
//! thing at all is told so. The workbench asks again when it is done.

use super::case_command::CaseCommand;
use super::chain::ChainCommand;
use super::dataset::DatasetCommand;
use super::prompt::{DraftsCommand, PromptCommand};
use super::release::ReleaseCommand;
use super::review::ReviewCommand;
use super::run::RunCommand;
use super::store::StoreCommand;
use super::suite::SuiteCommand;
use super::user::UserCommand;
use crate::cli::args::Command;
use crate::domain::action::Action;

/// What somebody does who gives a command; none where it only reads.
pub fn action_of(command: &Command) -> Option<Action> {
    match command {
        Command::Prompt(command) => of_prompt(command),
        Command::Dataset(command) => of_dataset(command),
        Command::Suite(command) => of_suite(command),
        Command::Chain(command) => of_chain(command),
        Command::Run(command) => of_run(command),
        Command::Bisect(args) => (!args.study.dry_run).then_some(Action::RunStart),
        Command::Ablate(args) => (!args.study.dry_run).then_some(Action::RunStart),
        Command::Case(CaseCommand::Label(_)) => Some(Action::LabelAdd),
        Command::Case(CaseCommand::Triage(_)) => Some(Action::TriageAdd),
        Command::Review(command) => of_review(command),
        Command::Release(ReleaseCommand::Promote { .. }) => Some(Action::ReleasePromote),
        Command::Release(ReleaseCommand::Rollback { .. }) => Some(Action::ReleaseRollback),
        Command::Store(StoreCommand::Compact { .. }) => Some(Action::StoreCompact),
        Command::Store(StoreCommand::Policy(args)) => args.reason.as_ref().map(|_| Action::PolicySet),
        Command::User(UserCommand::Add(_)) => Some(Action::PersonAdd),
        Command::User(UserCommand::Change(_)) => Some(Action::PersonChange),
        Command::User(UserCommand::Remove { .. }) => Some(Action::PersonRemove),
        _ => None,
    }
}

fn of_prompt(command: &PromptCommand) -> Option<Action> {
    match command {
        PromptCommand::New { .. } | PromptCommand::Import { .. } => Some(Action::PromptImport),
        PromptCommand::Try(_) => Some(Action::PromptTry),
        PromptCommand::Commit { .. } => Some(Action::PromptCommit),
        PromptCommand::Edit { .. } => Some(Action::DraftSave),
        PromptCommand::Drafts(DraftsCommand::Discard { .. }) => Some(Action::DraftDiscard),
        _ => None,
    }
}

fn of_dataset(command: &DatasetCommand) -> Option<Action> {
    match command {
        DatasetCommand::Import(args) if args.dry_run => None,
        DatasetCommand::Import(_)
        | DatasetCommand::Edit { .. }
        | DatasetCommand::Exclude { .. }
        | DatasetCommand::AddCase { .. }
        | DatasetCommand::FromLabels { .. } => Some(Action::DatasetImport),
        _ => None,
    }
}

fn of_suite(command: &SuiteCommand) -> Option<Action> {
    match command {
        SuiteCommand::Import { .. } => Some(Action::SuiteImport),
        SuiteCommand::Lift { .. } => Some(Action::QuarantineLift),
        _ => None,
    }
}

fn of_chain(command: &ChainCommand) -> Option<Action> {
    match command {
        ChainCommand::Import { .. } => Some(Action::ChainImport),
        ChainCommand::Bump { .. } => Some(Action::ChainBump),
        _ => None,
    }
}

fn of_run(command: &RunCommand) -> Option<Action> {
    match command {
        RunCommand::Start(args) => (!args.dry_run).then_some(Action::RunStart),
        RunCommand::Sweep(args) => (!args.study.dry_run).then_some(Action::RunStart),
        RunCommand::Rerun(_) => Some(Action::RunStart),
        RunCommand::Resume { .. } => Some(Action::RunResume),
        RunCommand::Pause { .. } => Some(Action::RunPause),
        RunCommand::Cancel { .. } => Some(Action::RunCancel),
        RunCommand::Quarantine { .. } => Some(Action::QuarantinePlace),
        RunCommand::Decide { .. } => Some(Action::RunDecide),
        _ => None,
    }
}

fn of_review(command: &ReviewCommand) -> Option<Action> {
    match command {
        ReviewCommand::Request { .. } => Some(Action::ReviewRequest),
        ReviewCommand::Approve(_) => Some(Action::ReviewApprove),
        ReviewCommand::Reject { cause: None, .. } => Some(Action::ReviewReject),
        ReviewCommand::Reject { .. } => Some(Action::ReviewOtherCause),
        ReviewCommand::Pause(_) => Some(Action::ReviewPause),
        _ => None,
    }
}
