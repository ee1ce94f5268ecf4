// Package index answers counts, facets and pages of one workspace from bitmaps. The memory engine and
// the SQL engines share it. It holds only ids, times and what many visitors have in common: an
// engine that owns an index keeps the visitors, tells the index about each change, and fetches the
// visitors of a page by their positions.
//
// # Structure
//
// Every visitor has a position, a dense number. Positions follow the order of ids, which is the
// order of creation. For each thing that visitors have in common (a source, a tag, a group, a
// channel, an inbox, an attribute) there is a Set, a bitmap of positions. The same is also
// stored by position, as a list of small numbers for each visitor: a change is compared with
// the list, and facets of few matches are counted by lists. Columns hold the times of update
// and of last contact; the time of creation follows from the id. An ordering divides all
// visitors into about 256 bins by a time or by name, so that a range of times takes whole
// bins, and a page reads only the bins where it starts.
//
// A filter is evaluated on these as far as possible, the cheapest conditions first. The rest
// (texts, searches, values of attributes, single identities) is asked of the Owner, only for
// the visitors that are left. A page in the order of ids evaluates the filter on one window of
// positions after another, from the end where it starts, and stops when it is full.
//
// A visitor that is created with an id smaller than an earlier one is late: it gets the next
// position, and every page also looks at the bitmap of such visitors. When there are enough of
// them, Renumber moves them to the positions of their ids.
//
// # Invariants
//
//   - A visitor is in a set exactly if its list has the number of the set. A deleted one is in
//     none, and its times are 0.
//   - The largest id up to a position never decreases; a visitor that is not found by it is late.
//   - Each visitor is in the bin of its key, in every ordering that is built.
//   - Positions change only in Renumber, and disappear only in Truncate and Renumber.
//   - No text of a visitor stays when it is deleted. An ordering by name keeps some names, and
//     is dropped when one of these visitors is deleted or gets another name.
//
// # Snapshots
//
// Snapshot writes the index without its orderings, 31 bytes a visitor, and Restore reads it. The
// format has a version and a checksum. A snapshot that is damaged, contradicts itself or is of another
// version is an error: the owner then builds the index anew.
//
// # Costs
//
// A visitor with seven sets takes about 53 bytes: its id 16, times 16, its list 12, bitmaps the
// rest (BenchmarkPut). An ordering by time takes 2.3 more, by name 4.5, from its first use. Bytes
// returns what an index takes. Put takes about a microsecond for a new visitor, Restore a third of
// that (BenchmarkSnapshot).
//
// Milliseconds on two cores (BenchmarkAnswers, BenchmarkOrdering):
//
//	visitors                   1M      10M
//	conditions on sets         0.1     1 to 2
//	a range of times           0.6     10
//	facets                     1 to 2  10 to 25
//	first page of a segment    0.03    0.03
//	to build a time ordering   45      450
//
// An ordering is built at its first use, and again after an eighth of all visitors has changed. An
// owner calls BuildOrderings so that no reader waits for those by time. That by name takes longer.
package index
