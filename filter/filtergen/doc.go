// Package filtergen generates random visitors and random expressions, the same for the same
// seed, to test that a store returns the visitors that filter.Match matches.
//
// A Generator draws both from the same few awkward values, so that conditions hit:
// texts that look like SQL, patterns and placeholders, composed and decomposed
// accents, letters that change their length when folded, emoji, many equal times,
// times at the edges of days and periods in far time zones and on the days when clocks
// change, 29 February, and values that are missing or of another kind than the operand.
//
// To test a store, create the tags TagNames and the groups GroupNames in it, pass them as
// Options to New with the topics that exist there, create a visitor from each Draft, record
// Statements about it, read all visitors back, and compare what the store finds with what
// filter.Match reports.
package filtergen
