// Package bound holds the tree that an engine runs: a filter after filter.Bind, in which
// names are ids, dates are instants in microseconds, and texts are folded. Applications use
// package filter; this package is for authors of engines (see store/driver).
//
// An engine gets a filter.Bound and compiles the Node that its method Node returns, which
// is a Constant, AllOf, AnyOf, Negation, Terms, *Test or *Permission. For example,
//
//	source:instagram -tag:vip
//
// becomes
//
//	AllOf{
//		&Test{Field: FieldNamed("source"), Op: OpIn, Texts: []string{"instagram"}},
//		Negation{&Test{Field: FieldNamed("tag"), Op: OpIn, Texts: []string{"01900000-…"}}},
//	}
//
// Match defines the meaning: an engine must find exactly the visitors that Match reports. An
// engine can answer some nodes by other means, such as an index, and call Match for the rest.
//
// filter.Bind guarantees the properties that the comments of the nodes state, so an engine
// does not check them. Nodes are shared between calls: do not change them.
package bound
