package driver

// IndexOptions configure the index that the SQLite and Postgres stores keep in memory for
// counts, facets and pages of large workspaces. It is derived from the tables and always exact:
// a call that cannot use it is answered by SQL.
type IndexOptions struct {
	// MaxBytes is the most memory, in bytes, that the indexes of all workspaces of a store take. A
	// visitor takes about 55 bytes. Beyond it, the indexes that were used least recently are
	// dropped, and SQL counts their workspaces. Default: 256 MiB.
	MaxBytes int64
	// MinVisitors is the number of visitors from which on a workspace gets an index. SQL counts
	// smaller ones in a few milliseconds. The store compares it with the number of events, of which
	// there are at least as many, so a smaller workspace with many events has an index too.
	//
	// Building an index takes several seconds of processor time for a million visitors, in the
	// background. Following changes takes about 30 microseconds for each visitor that has changed,
	// in every process that has the index. Default: 20,000.
	MinVisitors int
	// Off turns the index off: SQL answers every call. Default: false.
	Off bool
}
