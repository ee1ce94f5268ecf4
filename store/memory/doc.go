// Package memory is a driver.Store in the memory of one process: for tests, for tools, and
// for data that is stored elsewhere. Its data is lost when the process ends.
//
// Each workspace has an index (see store/internal/index), which answers counts, facets and pages
// from bitmaps, and gives each visitor a position. By position the workspace keeps its record, and
// its text in blocks of folded text, each with a signature that shows which texts it does not
// contain. Conditions that neither of these decides are tested with bound.Match, visitor by
// visitor.
//
// Each workspace has a lock: any number of calls read at a time, or one Apply writes. An
// Apply records how to undo each write, and does so if a change fails. Of a deleted visitor
// only the id stays, in events: its record is dropped and its text overwritten.
package memory
