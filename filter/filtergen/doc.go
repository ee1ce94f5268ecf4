// Package filtergen makes random visitors and random expressions, the same ones for
// the same seed, to test that every store gives the answers of filter.Match.
//
// A Generator draws both from the same few awkward values, so that conditions hit:
// texts that look like SQL, patterns and placeholders, composed and decomposed
// accents, letters that change their length when folded, emoji, many equal times,
// times at the edges of days and periods in far time zones and on the days when clocks
// change, 29 February, values that are missing or of another kind than is asked for.
//
// To test a store, make the tags TagNames and the groups GroupNames there, give what
// the store returned to New, write the Draft of each visitor, read all visitors
// back, and compare what the store finds with what filter.Match says of them.
package filtergen
