package driver

// IndexOptions configure the index that the SQLite and Postgres stores keep in memory for
// counts, facets and pages of large workspaces. It is derived from the tables and always exact:
// a call that cannot use it is answered by SQL.
type IndexOptions struct {
	// MaxBytes is the most memory, in bytes, that the indexes of all workspaces of a store take. A
	// visitor takes about 55 bytes. Beyond it, indexes that were not used for long are dropped,
	// and their workspaces are counted by SQL. Default: 256 MiB.
	MaxBytes int64
	// MinVisitors is the number of visitors from which on a workspace gets an index. SQL counts
	// smaller ones in a few milliseconds. To build an index takes several seconds of processor time
	// for a million visitors, in the background; to follow changes about 30 microseconds for each
	// visitor that has changed, in every process that has the index. Default: 20,000.
	MinVisitors int
	// Off turns the index off: SQL answers every call. Default: false.
	Off bool
}
