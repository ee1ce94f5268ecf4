// Package storetest holds the tests that any store.Store must pass, this project's own
// back ends and everybody else's. It imports nothing but the standard library and this
// module, so a back end kept elsewhere can use it in its own tests:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(tb testing.TB) store.Store {
//			st, err := mystore.Open(tb.TempDir())
//			if err != nil {
//				tb.Fatal(err)
//			}
//			return st
//		})
//	}
//
//	func TestCompare(t *testing.T)    { storetest.Compare(t, open, 10_000) }
//	func FuzzStore(f *testing.F)      { storetest.Fuzz(f, open) }
//	func BenchmarkStore(b *testing.B) { storetest.Bench(b, open) }
//
// Run opens one store and tries every promise of package store on it. A promise is a
// subtest whose name is a sentence; when it fails, the reason why the promise matters is
// printed with it. Run one area or one promise with -run:
//
//	go test -run 'TestStore/Page'
//
// Each promise is tried in a workspace of its own with a random name, so the store need not
// be empty and may be shared, and beside a neighbour: a workspace whose name differs only
// by case, which holds the same ids, names, tags, groups and identities and more, and must
// look exactly the same afterwards. The last promises close the store.
//
// Part of the tests is random: random visitors and filters, compared with filter.Match, and
// random changes, compared with a simple model. They print their seed when they fail and
// take it back, to begin with the case that failed; Compare asks for as many random filters
// as you like:
//
//	go test -run TestStore -storetest.seed=1234
//	go test -run TestCompare -storetest.cases=10000000 -timeout 24h
//
// With -storetest.full there is more of what is random and of what is large. How much random
// tests do then depends on how fast the store is; what they ask for does not.
//
// What the comments of store.Store and of the changes say is tested here; what they leave
// open is not. Where they can be read in two ways, this package decides:
//
//   - Lists that are empty are nil, in what is returned and within it.
//   - Times are in UTC (their Location is time.UTC) without a monotonic clock reading.
//   - An error names what it is about by id, never by a name: its Key is the id of the
//     visitor, tag or group that is missing or is in the way, "" for a tag that was asked
//     for by its key.
//   - The effect of a change to tags or members is Updated, or Unchanged.
//   - Tags that CreateVisitor puts on, and its event, have the visitor's UpdatedAt as time.
package storetest
