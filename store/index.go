package store

import "github.com/contactpipeline/visitors/store/driver"

// IndexOptions configure the index that the SQLite and Postgres stores keep in memory for
// counts, facets and pages of large workspaces. The zero value of each field means the default:
//
//   - MaxBytes int64: most memory for all workspaces of a store, 256 MiB; a visitor takes 55 bytes
//   - MinVisitors int: smaller workspaces have no index, 20,000
//   - Off bool: SQL answers every call, false
type IndexOptions = driver.IndexOptions
