// Package memory is a store.Store that lives in the memory of one process: for tests,
// for tools, and for data that is kept elsewhere. What it holds is gone when the process
// ends.
//
// Visitors are rows with a number, their position, which follows the order of ids as far
// as visitors come in it. Whatever visitors share (a source, a tag, a group, a channel, the
// name of an attribute) has a bitmap of positions. A filter is run on these bitmaps as far
// as they go; times are compared in columns; texts are looked for in blocks of folded text,
// each with a signature that says what it cannot hold. Only what is left is asked of
// filter.MatchNode, visitor by visitor. Pages in the order of ids look at a part of the
// positions after the other, from the end where the page starts, and stop when it is full.
//
// A visitor whose id does not follow the order is late: it takes the next position, stands
// in a small bitmap of its own that every page looks at too, and is moved to its place when
// there are enough of them to pay for it.
//
// Each workspace has a lock: any number of calls read at once, one Apply writes. An Apply
// notes how to undo each step and does so when a change fails. A deleted visitor leaves
// nothing behind but its id in events: its row is dropped, its text overwritten.
package memory
