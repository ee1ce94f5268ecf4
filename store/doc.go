// Package store keeps visitors. A Workspace is what an application holds: open one on a
// back end and use its methods to create, find, tag, group and delete the visitors of
// one workspace, and no other.
//
//	st, err := sqlite.Open(ctx, "visitors.db", nil)
//	ws, err := store.Open(st, "acme", nil)
//	v, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Instagram})
//
// Capture takes in what channels and forms tell of people: it finds a visitor by any of its
// identities, or makes one, whatever order events come in and however often. Merge joins two
// visitors that are one person, and Unmerge parts them again.
//
// Store is what a back end implements: a handful of methods without friendliness. All
// that is friendly (normalising, ids, times, names in filters, cursors, iterators) lives
// in Workspace, once, so that every back end behaves alike. Package storetest holds the
// tests that any back end must pass.
//
// Promises, whatever the back end: a filter means what filter.Match says; what is
// acknowledged can be read at once and is not lost; an event captured twice is captured
// once; Apply happens wholly or not at all; pages neither skip nor repeat while rows
// change; a deleted visitor is gone for good; no call sees or touches another workspace.
package store
