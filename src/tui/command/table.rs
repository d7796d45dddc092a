//! The commands themselves.

use super::Danger::{Question, Reason, Typed};
use super::Role::{Author, Releaser, Reviewer};
use super::{Command, Danger, Role, Scope};

/// Makes the enum of ids and the table in one go, so that neither can have an entry that the other lacks.
macro_rules! commands {
    ($( $id:ident $name:literal $label:literal $title:literal $help:literal
        [$($keys:literal),*] [$($scope:ident),+] $( .$method:ident($argument:expr) )*; )*) => {
        /// Names a command; its record is [`CommandId::command`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CommandId {
            $( #[doc = $help] $id, )*
        }

        /// Every command, in the order in which help lists them.
        pub static COMMANDS: [Command; [$( $name ),*].len()] = [
            $( Command {
                id: CommandId::$id,
                name: $name,
                label: $label,
                title: $title,
                help: $help,
                keys: &[$( $keys ),*],
                scopes: &[$( Scope::$scope ),+],
                danger: Danger::None,
                footer: None,
                role: Role::Anyone,
            } $( .$method($argument) )* ),*
        ];
    };
}

commands! {
    GoHome "go.home" "home" "Go to Home"
        "Shows what needs you."
        ["1", "g h"] [Everywhere];
    GoPrompts "go.prompts" "prompts" "Go to Prompts"
        "Shows prompts, versions and drafts."
        ["2", "g p"] [Everywhere];
    GoData "go.data" "data" "Go to Data"
        "Shows datasets and their examples."
        ["3", "g d"] [Everywhere];
    GoRuns "go.runs" "runs" "Go to Runs"
        "Shows runs, the newest first."
        ["4", "g r"] [Everywhere];
    GoReview "go.review" "review" "Go to Review"
        "Shows what waits for a decision."
        ["5", "g v"] [Everywhere];
    GoReleases "go.releases" "releases" "Go to Releases"
        "Shows what is in production and what it replaced."
        ["6", "g l"] [Everywhere];
    GoModels "go.models" "models" "Go to Models"
        "Shows what model names stand for, and since when."
        ["g m"] [Everywhere];
    GoChains "go.chains" "chains" "Go to Chains"
        "Shows chains, and where the prompts in them are live."
        ["g c"] [Everywhere];
    GoAudit "go.audit" "audit" "Go to Audit"
        "Shows who did what, from where and why."
        ["g a"] [Everywhere];
    GoPeople "go.people" "people" "Go to People"
        "Shows who may do what, and the rules of environments."
        ["g u"] [Everywhere];

    Palette "app.palette" "cmd" "Command palette"
        "Finds any command by typing part of its name."
        [":"] [Everywhere];
    Help "app.help" "help" "Help"
        "Lists the keys that work here, and why others do not."
        ["?", "f1"] [Everywhere];
    Back "app.back" "back" "One step back"
        "Leaves a field, a filter, a screen; never quits."
        ["esc"] [Everywhere];
    Leave "app.leave" "back" "Back, on Home quit"
        "Leaves the screen; on Home it quits."
        ["q"] [Everywhere];
    Quit "app.quit" "quit" "Quit"
        "Ends the session; runs go on where the host lives on."
        [] [Everywhere];
    Interrupt "app.interrupt" "stop" "Stop"
        "Stops what is in progress here; twice asks to quit."
        ["ctrl-c"] [Always];
    Redraw "app.redraw" "redraw" "Redraw"
        "Draws every cell again."
        ["ctrl-l"] [Always];
    Suspend "app.suspend" "suspend" "Suspend"
        "Gives the terminal back to the shell until fg."
        ["ctrl-z"] [Always];
    Mouse "app.mouse" "mouse" "Mouse on or off"
        "Leaves the mouse to the terminal, or takes it back."
        [] [Everywhere];
    Who "app.who" "who" "Who is here"
        "Lists everybody who is here, and what they are at."
        [] [Everywhere];
    Detach "app.detach" "detach" "Detach"
        "Leaves; the next pegbox comes back to these screens."
        [] [Everywhere];

    MoveDown "move.down" "move" "Down"
        "Moves down."
        ["j", "down"] [Everywhere];
    MoveUp "move.up" "up" "Up"
        "Moves up."
        ["k", "up"] [Everywhere];
    MoveLeft "move.left" "left" "Left"
        "Moves left, to the view before, or collapses."
        ["h", "left"] [Everywhere];
    MoveRight "move.right" "right" "Right"
        "Moves right, to the next view, or expands."
        ["l", "right"] [Everywhere];
    PageDown "move.page_down" "page" "A page down"
        "Moves down by a page."
        ["pgdn"] [Everywhere];
    PageUp "move.page_up" "page up" "A page up"
        "Moves up by a page."
        ["pgup"] [Everywhere];
    HalfDown "move.half_down" "half page" "Half a page down"
        "Moves down by half a page."
        ["ctrl-d"] [Everywhere];
    HalfUp "move.half_up" "half page up" "Half a page up"
        "Moves up by half a page."
        ["ctrl-u"] [Everywhere];
    First "move.first" "top" "To the first"
        "Goes to the first row or line."
        ["g g", "home"] [Everywhere];
    Last "move.last" "end" "To the last"
        "Goes to the last row or line."
        ["G", "g e", "end"] [Everywhere];
    ProblemNext "problem.next" "next" "Next problem"
        "Goes to the next change, failure, mark or warning."
        ["J", "]"] [Everywhere].footer(9);
    ProblemPrevious "problem.previous" "previous" "Previous problem"
        "Goes to the problem before."
        ["K", "["] [Everywhere];
    PaneNext "pane.next" "pane" "Next pane"
        "Moves the focus to the next pane."
        ["tab"] [Everywhere].footer(80);
    PanePrevious "pane.previous" "pane before" "Previous pane"
        "Moves the focus to the pane before."
        ["shift-tab"] [Everywhere];
    PaneZoom "pane.zoom" "zoom" "Zoom pane"
        "Gives the focused pane the whole screen, or not."
        ["z"] [Everywhere];
    Open "item.open" "open" "Open"
        "Opens or expands what is selected, and no more."
        ["enter"] [Everywhere].footer(1);
    Search "list.search" "find" "Filter or search"
        "Filters a list, searches a text."
        ["/"] [Everywhere].footer(70);
    MatchNext "list.match_next" "next match" "Next match"
        "Goes to the next match of the search."
        ["n"] [Everywhere];
    MatchPrevious "list.match_previous" "match before" "Previous match"
        "Goes to the match before."
        ["N"] [Everywhere];
    Wrap "view.wrap" "wrap" "Wrap on or off"
        "Wraps long lines, or scrolls sideways."
        ["w"] [Everywhere];
    Options "view.options" "options" "Options of this pane"
        "Chooses columns, grouping or what a view shows."
        ["o"] [Everywhere];
    Sort "list.sort" "sort" "Sort"
        "Sorts the list by another column."
        ["s"] [Prompts, Data, Runs].footer(60);
    CopyValue "copy.value" "value" "Copy the value"
        "Sends the selected value to the terminal's clipboard."
        ["y v"] [Everywhere];
    CopyId "copy.id" "id" "Copy the id"
        "Sends the id to the terminal's clipboard."
        ["y i"] [Everywhere];
    CopyCommand "copy.command" "command" "Copy as command"
        "Sends the command line that shows the same."
        ["y c"] [Everywhere];
    CopyJson "copy.json" "json" "Copy as JSON"
        "Sends the record as JSON."
        ["y j"] [Everywhere];
    CopyAll "copy.all" "all" "Copy everything shown"
        "Sends the whole text of the pane."
        ["y a"] [Everywhere];
    CopyPlain "copy.plain" "show plain" "Show plain"
        "Shows the text alone, for selection by mouse."
        ["y s"] [Everywhere];

    RunStart "run.start" "run" "New run"
        "Runs a version on a dataset; in the editor, a try."
        ["r"] [Home, Prompts, EditorNormal, Data, Runs, Chains].footer(10).role(Author);
    PromptNew "prompt.new" "new" "New prompt"
        "Makes a prompt with an empty draft."
        ["a"] [Home, Prompts].footer(14).role(Author);
    DraftEdit "draft.edit" "edit" "Edit"
        "Opens the prompt's draft in the editor."
        ["e"] [Prompts, Diff, Runs, Failures, Comparison].footer(12).role(Author);
    DraftTry "draft.try" "try" "Try the draft"
        "Sends the draft with one example; records nothing."
        [] [EditorNormal].role(Author);
    DraftEditExternal "draft.edit_external" "$EDITOR" "Edit in $EDITOR"
        "Hands the draft to your own editor and takes it back."
        ["E"] [EditorNormal].footer(50).role(Author);
    DraftDrop "draft.drop" "drop draft" "Drop draft"
        "Takes the draft back to its base version."
        ["x"] [Prompts].danger(Question).role(Author);
    VersionCommit "version.commit" "save version" "Save version"
        "Makes the draft an immutable version; asks why."
        ["ctrl-s"] [Prompts, EditorInsert, EditorNormal].footer(11).role(Author);
    Compare "item.compare" "diff" "Compare with"
        "Compares with another of its kind; asks which."
        ["d"] [Prompts, Diff, Blame, Data, Runs, Chains, Failures, Comparison, Review, Releases].footer(20);
    VersionCompare "version.compare" "diff with base" "Compare with the base"
        "Shows what the draft changes."
        ["d b"] [EditorNormal].footer(20);
    Matrix "run.matrix" "matrix" "Runs by quality, cost and latency"
        "Marks the runs that no other beats in all three."
        ["m"] [Runs, Comparison].footer(66);
    Effects "diff.effects" "effects" "What each change did"
        "Shows what pegbox ablate found of each hunk."
        ["a"] [Diff].footer(17);
    Blame "version.blame" "blame" "What brought each line"
        "Shows the version, reason and run of each line."
        ["b"] [Prompts, Diff].footer(63);
    History "item.history" "history" "History"
        "Shows the versions, releases or answers before."
        ["H"] [Prompts, Data, Releases].footer(62);
    Lineage "item.lineage" "lineage" "Lineage"
        "Shows what it rests on and what rests on it."
        ["L"] [Prompts, Data, Runs, Failures, Comparison, Review, Releases].footer(64);
    ReviewRequest "review.request" "ask review" "Request review"
        "Asks for a decision on the version of this run."
        ["V"] [Prompts, Runs, Comparison].footer(30).role(Author);

    EditorDone "editor.done" "done" "Stop typing"
        "Keys are commands again; the draft is kept."
        ["esc"] [EditorInsert].footer(1);
    EditorLeave "editor.leave" "leave" "Leave the editor"
        "Keeps the draft, then goes back."
        ["q"] [EditorNormal];
    EditorInsert "editor.insert" "type" "Type here"
        "Keys are text from here."
        ["i", "enter"] [EditorNormal].footer(1);
    EditorAppend "editor.append" "append" "Type behind"
        "Keys are text behind the cursor."
        ["a"] [EditorNormal];
    EditorOpenBelow "editor.open_below" "line below" "New line below"
        "Starts a line below and types there."
        ["o"] [EditorNormal];
    EditorOpenAbove "editor.open_above" "line above" "New line above"
        "Starts a line above and types there."
        ["O"] [EditorNormal];
    EditorWordNext "editor.word_next" "word" "Next word"
        "Goes to the next word."
        ["w"] [EditorNormal];
    EditorWordPrevious "editor.word_previous" "word before" "Previous word"
        "Goes to the word before."
        ["b"] [EditorNormal];
    EditorLineStart "editor.line_start" "line start" "Start of line"
        "Goes to the start of the line."
        ["0"] [EditorNormal];
    EditorLineEnd "editor.line_end" "line end" "End of line"
        "Goes to the end of the line."
        ["$"] [EditorNormal];
    EditorDeleteChar "editor.delete_char" "delete" "Delete character"
        "Deletes the character under the cursor."
        ["x"] [EditorNormal];
    EditorDeleteLine "editor.delete_line" "delete line" "Delete line"
        "Deletes the line; p puts it back."
        ["d d"] [EditorNormal];
    EditorCopyLine "editor.copy_line" "copy line" "Copy line"
        "Keeps the line for p."
        ["y y"] [EditorNormal];
    EditorPut "editor.put" "put" "Put line"
        "Puts the kept line below."
        ["p"] [EditorNormal];
    EditorUndo "editor.undo" "undo" "Undo"
        "Takes back the last change of the draft."
        ["u", "ctrl-z", "ctrl-_"] [EditorNormal].footer(40);
    EditorRedo "editor.redo" "redo" "Redo"
        "Makes the change again."
        ["U"] [EditorNormal];
    EditorUndoTyping "editor.undo_typing" "undo" "Undo while typing"
        "Takes back the last change of the draft."
        ["ctrl-z", "ctrl-_"] [EditorInsert].footer(12);

    DiffSplit "diff.split" "split" "Split or unified"
        "Shows two sides, or one below the other."
        ["S", "|"] [Diff, ChainDiff, Review].footer(16);

    DatasetImport "dataset.import" "import" "Import a dataset"
        "Reads a JSONL, CSV or JSON file into a new version."
        ["a", "i"] [Data].footer(14).role(Author);
    ExampleEdit "example.edit" "edit example" "Edit example"
        "Replaces the example in a new version; asks why."
        ["e"] [Data].footer(18).role(Author);
    ExampleEditExternal "example.edit_external" "$EDITOR" "Edit example in $EDITOR"
        "Hands the example to your own editor as JSON."
        ["E"] [Data].footer(50).role(Author);
    ExampleKeep "example.keep" "to dataset" "Add case to a dataset"
        "Adds this failed case to a new version of a dataset."
        ["a"] [Failures].footer(16).role(Author);
    ExampleExclude "example.exclude" "exclude" "Exclude example"
        "Leaves the example out of a new version; asks why."
        ["x"] [Data].danger(Reason).footer(40).role(Author);
    FilterKeep "filter.keep" "keep value" "Keep this value"
        "Filters to rows with the value under the cursor."
        ["="] [Data].footer(44);
    FilterDrop "filter.drop" "drop value" "Drop this value"
        "Filters rows with the value under the cursor away."
        ["-"] [Data];

    CaseLabel "case.label" "label" "Label this answer"
        "Says whether the answer is right, beside the graders."
        ["v"] [Failures].footer(13).role(Reviewer);
    CaseTriage "case.triage" "cause" "Say where the cause lies"
        "Puts this failure, or all marked ones, in a category."
        ["t"] [Failures].footer(14).role(Author);
    RunDecide "run.decide" "not prompt" "Not a prompt problem"
        "Records that the prompt is not what has to change."
        ["X"] [Failures].footer(28).role(Reviewer);
    RunRepeat "run.repeat" "rerun" "Run again"
        "Runs the failed or marked examples again."
        ["R"] [Runs, Failures].footer(26).role(Author);
    RunPause "run.pause" "pause" "Pause or resume run"
        "Pauses the run, or goes on with it."
        ["p"] [Runs].footer(22).role(Author);
    RunCancel "run.cancel" "cancel" "Cancel run"
        "Ends the run; what is saved stays."
        ["x"] [Runs].danger(Question).footer(24).role(Author);
    Follow "run.follow" "follow" "Follow the newest"
        "Keeps the newest in view until you move."
        ["f"] [Runs].footer(46);
    Mark "item.mark" "mark" "Mark, unmark"
        "Marks it; commands then take all that is marked."
        ["space"] [Data, Failures].footer(42);

    Viewed "review.viewed" "viewed" "Mark as viewed"
        "Marks or unmarks it; approval needs all viewed."
        ["space"] [Review].footer(10).role(Reviewer);
    ReviewApprove "review.approve" "approve" "Approve"
        "Approves the version whose content is shown."
        ["A"] [Review].danger(Reason).footer(24).role(Reviewer);
    ReviewReject "review.reject" "reject" "Reject"
        "Rejects it, or says that it is no prompt problem."
        ["X"] [Review].danger(Reason).footer(26).role(Reviewer);
    ReviewPause "review.pause" "pause" "Pause review"
        "Puts the decision off, with the reason."
        ["p"] [Review].danger(Reason).footer(28).role(Reviewer);

    ReleasePromote "release.promote" "promote" "Promote"
        "Puts an approved version into staging or production."
        ["P"] [Releases, Review].danger(Typed).footer(22).role(Releaser);
    ReleaseRollBack "release.roll_back" "roll back" "Roll back"
        "Takes production back to the release before, at once."
        ["B"] [Releases].danger(Reason).footer(24).role(Releaser);
}
