//! A seeded study: simulated versions with known rates go through the sums, intervals and gates that runs use.
//! Intervals cover the truth as often as they promise, and gates err as rarely as they promise, within what so many
//! repetitions can tell.

#[cfg(test)]
mod comparisons;
#[cfg(test)]
mod gates;
#[cfg(test)]
mod intervals;
#[cfg(test)]
mod published;
#[cfg(test)]
mod simulated;
