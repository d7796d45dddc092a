//! What a screen knows of something that it asked for.

use crate::workbench::Fault;

/// Not there yet, there, or not to be had.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Loaded<T> {
    /// Asked for.
    #[default]
    Loading,
    /// There.
    Ready(T),
    /// The workbench would not give it.
    Failed(Fault),
}

impl<T> Loaded<T> {
    /// The thing, where it is there.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(thing) => Some(thing),
            Self::Loading | Self::Failed(_) => None,
        }
    }

    /// Takes a failure: what was there stays, since an old answer says more than none.
    pub fn fail(&mut self, fault: Fault) {
        if !matches!(self, Self::Ready(_)) {
            *self = Self::Failed(fault);
        }
    }

    /// What a pane says while the thing is not there.
    pub fn absence(&self) -> Option<String> {
        match self {
            Self::Loading => Some("loading".into()),
            Self::Ready(_) => None,
            Self::Failed(fault) => Some(format!("not loaded: {}. {}", fault.what, fault.hint)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_answer_survives_a_failure() {
        let fault = Fault {
            what: "the store is busy".into(),
            hint: "wait".into(),
        };
        let mut number = Loaded::Ready(7);
        number.fail(fault.clone());
        assert_eq!(number.ready(), Some(&7));
        let mut nothing = Loaded::<u8>::Loading;
        assert_eq!(nothing.absence().as_deref(), Some("loading"));
        nothing.fail(fault);
        assert_eq!(
            nothing.absence().as_deref(),
            Some("not loaded: the store is busy. wait")
        );
    }
}
