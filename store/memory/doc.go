// Package memory is a driver.Store in the memory of one process: for tests, for tools, and
// for data that is stored elsewhere. Its data is lost when the process ends.
//
// Every visitor has a position in the lists of its workspace. Positions follow the order of
// ids, which is the order of creation. For each thing that visitors share (a source, a tag,
// a group, a channel, an attribute) there is a bitmap of positions. A filter is evaluated on
// these bitmaps as far as possible. Times are compared in columns. Texts are searched in
// blocks of folded text, each with a signature that shows which texts it does not contain.
// Only what is left is tested with bound.Match, visitor by visitor. A page in the order
// of ids evaluates the filter on one window of positions after another, from the end where
// it starts, and stops when it is full.
//
// A visitor that is created with an id smaller than an earlier one is out of order: it gets
// the next position, and every page also looks at the bitmap of such visitors. When there
// are enough of them, they are moved to the positions of their ids.
//
// Each workspace has a lock: any number of calls read at a time, or one Apply writes. An
// Apply records how to undo each write, and does so if a change fails. Of a deleted visitor
// only the id stays, in events: its record is dropped and its text overwritten.
package memory
